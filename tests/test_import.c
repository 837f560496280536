/* Tables of every shape, good and bad, through em_import: what arrives, what is said, which line is blamed. And the
 * fingerprint of what arrives. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bids_name.h"
#include "emlib/emlib.h"
#include "number.h"
#include "texts.h"

#define LENGTH(table) (sizeof(table) / sizeof *(table))
#define H "subject,choice,reward\n"

/* ---- a table, imported ----------------------------------------------------------------------------------------- */

typedef struct imported {
    em_code code;
    em_dataset *data;
    em_error error;
    char log[4000]; /* every line ends with a newline */
} imported;

static void keep_line(void *where, const char *text)
{
    imported *got = where;
    size_t used = strlen(got->log);
    snprintf(got->log + used, sizeof got->log - used, "%s\n", text);
}

/* A new file; its name takes the place of the X of `path`. */
static void make_file(char *path, const char *text, size_t n)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static imported import_bytes(const char *text, size_t n, const em_import_options *options)
{
    imported got = {0};
    char path[] = "/tmp/test_import_XXXXXX";
    em_log log = {keep_line, &got};
    make_file(path, text, n);
    got.code = em_import(path, options, &log, &got.data, &got.error);
    unlink(path);
    if (got.code) {
        assert_null(got.data);
        assert_int_equal(got.error.code, got.code);
        assert_true(strlen(got.error.text) > 15);
    } else {
        assert_non_null(got.data);
        assert_int_equal(strlen(got.data->fingerprint), 64);
    }
    return got;
}

static imported import_text(const char *text, const em_import_options *options)
{
    return import_bytes(text, strlen(text), options);
}

/* "a:2 b:1; choice 0 1 .; side{left|right} 0 1 1 | age 20 30" */
static const char *describe(const em_dataset *data)
{
    static char text[4000];
    size_t n = 0;
#define ADD(...) (n += (size_t)snprintf(text + n, sizeof text - n, __VA_ARGS__))
    for (size_t s = 0; s < data->n_subjects; s++)
        ADD("%s%s:%d", s ? " " : "", data->id[s], (int)(data->offset[s + 1] - data->offset[s]));
    for (int c = 0; c < data->n_columns + data->n_covariates; c++) {
        const bool covariate = c >= data->n_columns;
        const em_dataset_column *column = covariate ? &data->covariate[c - data->n_columns] : &data->column[c];
        const size_t values = covariate ? data->n_subjects : data->n_rows;
        ADD("%s %s", covariate ? " |" : ";", column->name);
        for (int i = 0; column->level && i < column->n_levels; i++)
            ADD("%s%s", i ? "|" : column->levels_given ? "[" : "{", column->level[i]);
        ADD("%s", !column->level ? "" : column->levels_given ? "]" : "}");
        for (size_t i = 0; i < values; i++)
            if (isnan(column->value[i]))
                ADD(" .");
            else
                ADD(" %.17g", column->value[i]);
    }
#undef ADD
    return text;
}

/* ---- good tables ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *text, *want;
} good[] = {
    {"plain", H "a,0,1\na,1,0\nb,1,1\n", "a:2 b:1; choice 0 1 1; reward 1 0 1"},
    {"TSV", "subject\tchoice\treward\na\t0\t1\nb\t\t1\n", "a:1 b:1; choice 0 .; reward 1 1"},
    {"TSV with commas in cells", "subject\tside\na,b\tx, y\n", "a,b:1; side{x, y} 0"},
    {"TSV with a name with a comma", "subject\t\"a,b\"\tc\nx\t1\t2\n", "x:1; a,b 1; c 2"},
    {"TSV whose first and last cells are empty", "choice\tsubject\treward\n\ta\t\n", "a:1; choice .; reward ."},
    {"CSV with tabs in cells", "subject,side,x\na,\"l\tr\",1\n", "a:1; side{l\tr} 0; x 1"},
    {"CRLF", "subject,choice\r\na,0\r\na,1\r\n", "a:2; choice 0 1"},
    {"CR", "subject,choice\ra,0\ra,1\r", "a:2; choice 0 1"},
    {"byte-order mark", "\xEF\xBB\xBF" H "a,0,1\n", "a:1; choice 0; reward 1"},
    {"byte-order mark before a quote", "\xEF\xBB\xBF\"subject\",\"choice\"\na,0\n", "a:1; choice 0"},
    {"no newline at the end", H "a,0,1\nb,1,0", "a:1 b:1; choice 0 1; reward 1 0"},
    {"no newline after a quote", "subject,side\na,\"l\"", "a:1; side{l} 0"},
    {"no newline after a delimiter", "subject,choice\na,", "a:1; choice ."},
    {"blank lines", "\n\r\n  \n" H "\na,0,1\n\n \t \nb,1,0\n\n\n", "a:1 b:1; choice 0 1; reward 1 0"},
    {"quotes", "\"subject\",\"side\"\n\"a \"\"b\"\"\",\"x,\r\ny\"\n\"a \"\"b\"\"\",\"\"\n",
     "a \"b\":2; side{x,\r\ny} 0 ."},
    {"quote inside a cell", "subject,side\na,5\" disc\n", "a:1; side{5\" disc} 0"},
    {"blanks around cells", "subject , choice\n a ,\t1 \n", "a:1; choice 1"},
    {"blanks inside quotes are kept", "subject,choice\n\" a\",1\n", " a:1; choice 1"},
    {"columns in another order", "reward,subject,choice\n1,a,0\n0,b,1\n", "a:1 b:1; reward 1 0; choice 0 1"},
    {"rows not together", "subject,t\nb,1\na,2\nb,3\nc,4\na,5\nb,6\n", "b:3 a:2 c:1; t 1 3 6 2 5 4"},
    {"rows by trial", "subject,t,s\na,1,x\nb,2,y\na,3,y\nb,4,x\n", "a:2 b:2; t 1 3 2 4; s{x|y} 0 1 1 0"},
    {"ids that begin alike", "subject,t\na,1\nab,2\na,3\nab,4\nb,5\n", "a:2 ab:2 b:1; t 1 3 2 4 5"},
    {"missing values", "subject,x,s\na,NA,NA\na,NaN,l\na,nan,\na,n/a,\"NA\"\na,,n/a\na,\"\",r\na,3,NaN\n",
     "a:7; x . . . . . . 3; s{l|r} . 0 . . . 1 ."},
    {"numbers", "subject,x\na,1.0\na,-0\na,+2\na,.5\na,5.\na,1e3\na,-2.5E-1\na,007\na,0.1\n",
     "a:9; x 1 0 2 0.5 5 1000 -0.25 7 0.10000000000000001"},
    {"too small a number is 0", "subject,x\na,1e-999\n", "a:1; x 0"},
    {"text in bytewise order", "subject,s\na,b\na,a\na,B\na,\xC3\xA9\na,\n", "a:5; s{B|a|b|\xC3\xA9} 2 1 0 3 ."},
    {"numbers before text", "subject,s\na,1.0\na,much\na,1\na,1e0\na,0.10\na,NA\n", "a:6; s{0.1|1|much} 1 2 1 1 0 ."},
    {"infinities among texts", "subject,s\na,inf\na,left\na,1\na,0x1F\n", "a:4; s{0x1F|1|inf|left} 2 3 1 0"},
    {"words that begin like numbers", "subject,s\na,1a\na,1e\na,-\na,.\na,e5\na,1-2\na,1e5x\na,0x\n",
     "a:8; s{-|.|0x|1-2|1a|1e|1e5x|e5} 4 5 0 1 7 3 6 2"},
    {"ids are text", "subject,x\n01,1\n1,2\n1.0,3\n01,4\n", "01:2 1:1 1.0:1; x 1 4 2 3"},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(good); i++) {
        imported got = import_text(good[i].text, NULL);
        if (got.code)
            fail_msg("%s: %s", good[i].name, got.error.text);
        if (strcmp(describe(got.data), good[i].want) != 0)
            fail_msg("%s:\n got %s\nwant %s", good[i].name, describe(got.data), good[i].want);
        em_dataset_free(got.data);
    }
}

/* ---- options --------------------------------------------------------------------------------------------------- */

static const char *const left_right[] = {"right", "left", "none"}, *const one_zero[] = {"1", "0.0"},
                         *const twice[] = {"1", "1.0"}, *const empty[] = {"a", ""};
static const em_levels sides = {"side", left_right, 3}, order = {"choice", one_zero, 2}, doubled = {"choice", twice, 2},
                       with_empty = {"choice", empty, 2}, of_subject = {"subject", left_right, 3},
                       of_x = {"x", left_right, 3};
static const em_base from_1 = {"choice", 1}, from_x = {"x", 1};
static const em_base base_of_subject = {"subject", 1};
static const em_rename resp = {"resp", "choice"}, onto = {"reward", "choice"}, from_y = {"y", "z"},
                       to_empty = {"choice", ""}, both[] = {{"choice", "a"}, {"choice", "b"}},
                       swap[] = {{"choice", "reward"}, {"reward", "choice"}};

static const char *const words[] = {"NULL", "-999", "left"};
static const em_levels of_choice = {"choice", left_right, 3};

#define RENAME(one) .rename = &one, .n_rename = 1
#define LEVELS(one) .levels = &one, .n_levels = 1
#define BASE(one) .base = &one, .n_base = 1

static const struct {
    const char *name, *text;
    em_import_options options;
    const char *want; /* what arrives, or else (code 2) what the error says */
    em_code code;
} with_options[] = {
    {"subject", "id,x\na,1\n", {.subject = "id"}, "a:1; x 1", 0},
    {"subject NULL", "subject,x\na,1\n", {.subject = NULL}, "a:1; x 1", 0},
    {"another column is called subject", "id,subject,x\na,7,1\n", {.subject = "id"}, "a:1; x 1", 0},
    {"missing words", H "left,NULL,-999\n-999,-999.0,1\n", {.missing = words, .n_missing = 3}, "left:1 -999:1; choice . .; reward . 1", 0},
    {"a level that is missing", H "a,left,1\n", {.missing = words, .n_missing = 3, LEVELS(of_choice)}, "'left' stands for a missing value (--missing)", 2},
    {"rename", "subject,resp\na,1\n", {RENAME(resp)}, "a:1; choice 1", 0},
    {"rename before base", "subject,resp\na,1\n", {RENAME(resp), BASE(from_1)}, "a:1; choice 0", 0},
    {"rename the subject", "resp,x\na,1\n", {.subject = "choice", RENAME(resp)}, "a:1; x 1", 0},
    {"exchange names", H "a,1,2\n", {.rename = swap, .n_rename = 2}, "a:1; reward 1; choice 2", 0},
    {"rename what is not there", H "a,1,2\n", {RENAME(from_y)},
     "there is no column 'y'; the columns are: subject, choice, reward", 2},
    {"rename onto another", H "a,1,2\n", {RENAME(onto)}, "two columns would have the name 'choice'", 2},
    {"rename twice", H "a,1,2\n", {.rename = both, .n_rename = 2}, "column 'choice' is given two new names", 2},
    {"rename to nothing", H "a,1,2\n", {RENAME(to_empty)}, "the new name of column 'choice' is empty", 2},
    {"levels", "subject,side\na,left\na,right\na,NA\n", {LEVELS(sides)}, "a:3; side[right|left|none] 1 0 .", 0},
    {"levels of numbers", "subject,choice\na,1.0\na,0\na,1\na,1e0\n", {LEVELS(order)}, "a:4; choice[1|0] 0 1 0 0", 0},
    {"a text that is no level", "subject,side\na,left\na,mid\n", {LEVELS(sides)},
     "line 3, column 'side': 'mid' is not one of the levels given for this column: right, left, none", 2},
    {"a level twice", H "a,1,0\n", {LEVELS(doubled)}, "'1' is there twice", 2},
    {"an empty level", H "a,1,0\n", {LEVELS(with_empty)}, "'' stands for a missing value", 2},
    {"levels of no column", H "a,1,0\n", {LEVELS(of_x)}, "--levels: there is no column 'x'", 2},
    {"levels of the subject", H "a,1,0\n", {LEVELS(of_subject)}, "'subject' tells subjects apart", 2},
    {"base", "subject,choice\na,1\na,2.0\na,\n", {BASE(from_1)}, "a:3; choice 0 1 .", 0},
    {"a code below the base", "subject,choice\n\na,1\na,0\n", {BASE(from_1)},
     "line 4, column 'choice': '0' is not a whole number from 1 on", 2},
    {"no whole number", "subject,choice\na,1.5\n", {BASE(from_1)}, "line 2, column 'choice': '1.5'", 2},
    {"text with a base", "subject,choice\na,left\n", {BASE(from_1)}, "line 2, column 'choice': 'left'", 2},
    {"base of no column", H "a,1,0\n", {BASE(from_x)}, "--base: there is no column 'x'", 2},
    {"base of the subject", H "a,1,0\n", {BASE(base_of_subject)}, "'subject' tells subjects apart", 2},
    {"levels and base", H "a,1,0\n", {LEVELS(order), BASE(from_1)},
     "--base: column 'choice' already has its --levels", 2},
};

static void test_options(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(with_options); i++) {
        imported got = import_text(with_options[i].text, &with_options[i].options);
        if (got.code != with_options[i].code)
            fail_msg("%s: %d %s", with_options[i].name, (int)got.code, got.error.text);
        const char *text = got.code ? got.error.text : describe(got.data), *want = with_options[i].want;
        if (got.code ? !strstr(text, want) : strcmp(text, want) != 0)
            fail_msg("%s:\n got %s\nwant %s", with_options[i].name, text, want);
        em_dataset_free(got.data);
    }
}

/* ---- a table of subjects ---------------------------------------------------------------------------------------- */

#define TRIALS "pid,choice,site\na,0,x\nb,1,y\na,1,x\nc,0,x\n"

static const char *const abc_order[] = {"patient", "control", "pilot"}, *const site_order[] = {"y", "x", "B", "A"};
static const em_levels of_group = {"group", abc_order, 3}, of_site = {"site", site_order, 4};
static const em_base wave_from_1 = {"wave", 1};
static const em_rename to_colon = {"age", "age:t0"}, old_age = {"alter", "age"}, site_to_place = {"site", "place"},
                       age_to_group = {"age", "group"};

/* With --subject pid; what arrives or, with code 2, what the error says. says: part of the log, or NULL: nothing is said. */
static const struct {
    const char *name, *subjects;
    em_import_options options;
    const char *want, *says;
    em_code code;
} with_subjects[] = {
    {"numbers and text", "pid,age,group\na,20,patient\nb,3.50,control\nc,NA,\n", {0},
     "| age 20 3.5 . | group{control|patient} 1 0 .", NULL, 0},
    {"another order, TSV", "age\tsubject\n3\tc\n2\tb\n1\ta\n", {0}, "| age 1 2 3", NULL, 0},
    {"pid before subject", "pid,subject,age\na,c,1\nb,b,2\nc,a,3\n", {0}, "| age 1 2 3", "column 'subject' is left out", 0},
    {"no row", "pid,age\na,1\nc,3\n", {0}, "| age 1 . 3", "1 subject with trials but no row here; covariates are missing: b\n", 0},
    {"no trials", "pid,age\nz,9\na,1\nb,2\ny,8\nc,3\n", {0}, "| age 1 2 3", "2 subjects without trials in /tmp/test_import_", 0},
    {"no trials, named", "pid,age\nz,9\na,1\nb,2\ny,8\nc,3\n", {0}, "| age 1 2 3", "left out: z, y\n", 0},
    {"levels of those without trials", "pid,group\nz,aaa\na,patient\nb,control\nc,patient\n", {0},
     "| group{control|patient} 1 0 1", "left out: z", 0},
    {"levels", "pid,group\na,patient\nb,control\nc,patient\n", {LEVELS(of_group)}, "| group[patient|control|pilot] 0 1 0", NULL, 0},
    {"levels of both", "pid,site\na,A\nb,B\nc,A\n", {LEVELS(of_site)},
     "; choice 0 1 1 0; site[y|x|B|A] 1 1 0 1 | site[y|x|B|A] 3 2 3", "--levels: a column 'site' is in ", 0},
    {"base", "pid,wave\na,1\nb,2\nc,1\n", {BASE(wave_from_1)}, "| wave 0 1 0", NULL, 0},
    {"rename", "pid,alter\na,1\nb,2\nc,1\n", {RENAME(old_age)}, "; site{x|y} 0 0 1 0 | age 1 2 1", NULL, 0},
    {"rename both", "pid,site\na,1\nb,2\nc,1\n", {RENAME(site_to_place)}, "; place{x|y} 0 0 1 0 | place 1 2 1", "both are meant", 0},
    {"twice", "pid,age\na,1\n\nb,2\na,1\n", {0}, "line 5, column 'pid': subject 'a' stands there twice, first in line 2", NULL, 2},
    {"nothing but ids", "pid\na\n", {0}, "line 1: there is no column besides 'pid'", NULL, 2},
    {"nothing but two columns of ids", "pid,subject\na,a\n", {0}, "there is no covariate in this table", "left out", 2},
    {"no rows", "pid,age\n", {0}, "there are no subjects, nothing stands below the header line", NULL, 2},
    {"nobody", "pid,age\nA,1\n", {0}, "none of its subjects has trials in ", NULL, 2},
    {"no column of ids", "id,age\na,1\n", {0}, "line 1: no column 'pid' that tells subjects apart", NULL, 2},
    {"neither number nor text", "pid,age\na,1\nb,inf\n", {0}, "line 3, column 'age': 'inf' is not a finite decimal number", NULL, 2},
    {"not UTF-8", "pid,age\na,1\nb,\xFF\n", {0}, "line 3, column 'age': '?' is not UTF-8", NULL, 2},
    {"a name with a colon", "pid,a:b\na,1\n", {0}, "'a:b' cannot be the name of a covariate", NULL, 2},
    {"a name with a comma", "pid,\"a,b\"\na,1\n", {0}, "'a,b' cannot be the name of a covariate", NULL, 2},
    {"a name with a slash", "pid,a/b\na,1\n", {0}, "'a/b' cannot be the name of a covariate", NULL, 2},
    {"a name with an equals sign", "pid,a=b\na,1\n", {0}, "'a=b' cannot be the name of a covariate", NULL, 2},
    {"renamed with a colon", "pid,age\na,1\n", {RENAME(to_colon)}, "'age:t0' cannot be the name of a covariate", NULL, 2},
    {"renamed onto another", "pid,age,group\na,1,2\n", {RENAME(age_to_group)}, "two columns would have the name 'group'", NULL, 2},
    {"levels of neither", "pid,age\na,1\n", {LEVELS(of_x)},
     "--levels: there is no column 'x'; the columns are: pid, choice, site; those of /tmp/test_import_", NULL, 2},
    {"rename of neither", "pid,age\na,1\n", {RENAME(from_y)}, "--rename: there is no column 'y'", NULL, 2},
    {"a text that is no level", "pid,group\na,patient\nb,sibling\n", {LEVELS(of_group)},
     "line 3, column 'group': 'sibling' is not one of the levels", NULL, 2},
    {"empty", "", {0}, "is empty", NULL, 2},
};

static imported import_two(const char *trials, const char *subjects, em_import_options options)
{
    char path[] = "/tmp/test_import_XXXXXX";
    make_file(path, subjects, strlen(subjects));
    options.covariates = path;
    imported got = import_text(trials, &options);
    unlink(path);
    return got;
}

static void test_subjects(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(with_subjects); i++) {
        em_import_options options = with_subjects[i].options;
        options.subject = "pid";
        imported got = import_two(TRIALS, with_subjects[i].subjects, options);
        const char *name = with_subjects[i].name, *says = with_subjects[i].says;
        if (got.code != with_subjects[i].code)
            fail_msg("%s: %d %s", name, (int)got.code, got.error.text);
        const char *text = got.code ? got.error.text : describe(got.data), *want = with_subjects[i].want;
        const char *found = strstr(text, want);
        if (!found || (!got.code && found[strlen(want)]))
            fail_msg("%s:\n got %s\nwant %s", name, text, want);
        if (says ? !strstr(got.log, says) : *got.log)
            fail_msg("%s: says %s", name, got.log);
        em_dataset_free(got.data);
    }
    em_import_options missing = {.subject = "pid", .covariates = "/nowhere/people.csv"};
    imported got = import_text(TRIALS, &missing);
    assert_int_equal(got.code, EM_INPUT_ERROR);
    assert_non_null(strstr(got.error.text, "/nowhere/people.csv: cannot open it"));
}

/* ---- bad tables ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name, *text, *says;
} bad[] = {
    {"empty", "", "is empty"},
    {"byte-order mark alone", "\xEF\xBB\xBF", "is empty"},
    {"blank lines alone", "\n \n\r\n", "has only blank lines"},
    {"header only", H, "no trials"},
    {"header without newline", "subject,choice", "no trials"},
    {"no subject", "id,choice\na,1\n",
     "line 1: no column 'subject' that tells subjects apart; name it with --subject COLUMN. The columns are: "
     "id, choice"},
    {"blanks between columns", "subject choice\na 1\n",
     "The only column (commas or tabs stand between columns) is: subject choice"},
    {"semicolons", "subject;choice\na;1\n", "semicolons between the columns; save the table with commas or tabs"},
    {"subject alone", "subject\na\n", "line 1: there is no column besides 'subject'"},
    {"a name twice", "subject,x,y,x\na,1,2,3\n", "line 1, column 'x': this name stands there twice"},
    {"a column without name", ",subject,x\n1,a,2\n", "line 1: column 1 has no name; give it one or remove it"},
    {"a name is missing at the end", "\nsubject,x,\na,2,3\n", "line 2: column 3 has no name"},
    {"short row", H "a,0,1\na,1\n", "line 3 has 2 cells, but the header line has 3: subject, choice, reward"},
    {"short row at the end", H "a,0,1\na", "line 3 has 1 cell, but"},
    {"long row", H "a,0,1,7\n", "line 2 has 4 cells, but the header line has 3"},
    {"a row after quoted newlines", "subject,s\na,\"x\ny\r\nz\rw\"\na\n", "line 6 has 1 cell"},
    {"a cell after quoted newlines", "subject,s,x\n\na,\"1\n2\",inf\n", "line 4, column 'x': 'inf' is not a finite"},
    {"lines of CRLF", "subject,x\r\n\r\na,1\r\na\r\n", "line 4 has 1 cell"},
    {"lines of CR", "subject,x\r\ra,1\ra\r", "line 4 has 1 cell"},
    {"no id", H "a,0,1\n,1,1\n", "line 3, column 'subject': there is no subject"},
    {"id NA", H "NA,0,1\n", "line 2, column 'subject': there is no subject ('NA')"},
    {"inf", H "a,0,1\na,1,inf\n", "line 3, column 'reward': 'inf' is not a finite decimal number; write one, or NA"},
    {"-inf first", H "a,0,-inf\na,1,1\n", "line 2, column 'reward': '-inf'"},
    {"inf alone", H "a,0,Infinity\na,1,\n", "line 2, column 'reward': 'Infinity'"},
    {"overflow", H "a,0,1\na,1,1e999\n", "line 3, column 'reward': '1e999'"},
    {"hexadecimal", H "a,0x10,1\na,1,1\n", "line 2, column 'choice': '0x10'"},
    {"id not UTF-8", H "a\xFF,0,1\n", "line 2, column 'subject': 'a?' is not UTF-8"},
    {"text not UTF-8", "subject,s\na,x\na,\xE9t\xE9\n", "line 3, column 's': '?t?' is not UTF-8"},
    {"name not UTF-8", "subject,\xE9\na,1\n", "line 1: the header line, '?', is not UTF-8"},
    {"an order to the terminal", H "a,0,1\n\x1B[2J,0,1\n", "line 3, column 'subject': '?[2J' is not UTF-8, or has a control character"},
    {"the same in one character", "subject,s\na,x\na,\xC2\x9B 2J\n", "line 3, column 's': '?? 2J' is not UTF-8, or has a control"},
    {"64 bytes and more that are no UTF-8",
     "subject,\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
     "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\na,1\n",
     "line 1: the header line, '????????????????????????????????????????????????????????????????...', is not UTF-8"},
    {"UTF-16", "\xFF\xFEs", "is written in UTF-16"},
    {"a quote never closed", H "a,0,1\na,1,\"0\na,0,1\na,1,1\n",
     "line 3: a quote (\") opens a cell and no quote closes it"},
    {"a quote at the end", H "a,0,1\n\"", "line 3: a quote"},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(bad); i++) {
        imported got = import_text(bad[i].text, NULL);
        if (got.code != EM_INPUT_ERROR || !strstr(got.error.text, bad[i].says))
            fail_msg("%s:\n got %d %s\nwant 2 %s", bad[i].name, (int)got.code, got.error.text, bad[i].says);
        if (!strstr(got.error.text, "/tmp/test_import_"))
            fail_msg("%s: no file in '%s'", bad[i].name, got.error.text);
        em_dataset_free(got.data);
    }
}

static void test_binary(void **state)
{
    (void)state;
    static const char bytes[] = "\x00\x01\x02\x89HDF\r\n", late[] = H "a,0,1\na,\0,1\n";
    imported got = import_bytes(bytes, sizeof bytes - 1, NULL);
    assert_int_equal(got.code, EM_INPUT_ERROR);
    assert_non_null(strstr(got.error.text, "is not a text table: line 1 "));
    got = import_bytes(late, sizeof late - 1, NULL);
    assert_int_equal(got.code, EM_INPUT_ERROR);
    assert_non_null(strstr(got.error.text, "is not a text table: line 3 "));
}

static void test_files(void **state)
{
    (void)state;
    static const struct {
        const char *path, *says;
        em_code code;
    } files[] = {
        {"/nowhere/table.csv", "/nowhere/table.csv: cannot open it: No such file", EM_INPUT_ERROR},
        {"", "cannot open it", EM_INPUT_ERROR},
        {"/tmp", "/tmp is a folder", EM_INPUT_ERROR},
        {"/dev/null", "/dev/null is empty", EM_INPUT_ERROR},
        {"/proc/self/mem", "/proc/self/mem: cannot read on after line 1", EM_MACHINE},
    };
    for (size_t i = 0; i < LENGTH(files); i++) {
        em_dataset *data = NULL;
        em_error error = {0};
        em_code code = em_import(files[i].path, NULL, NULL, &data, &error);
        assert_null(data);
        if (code != files[i].code || !strstr(error.text, files[i].says))
            fail_msg("'%s': got %d %s", files[i].path, (int)code, error.text);
    }
}

/* ---- warnings -------------------------------------------------------------------------------------------------- */

static void test_warnings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says; /* all that is said, from the beginning; "": nothing */
    } tables[] = {
        {H "a,0,1\n", ""},
        {"subject,s\na,left\na,\n", ""},
        {H "a,0,1\na,1,much\na,1,more\n", "column 'reward' is text because of 'much' (line 3)"},
        {H "a,0,much\na,1,1\n", "column 'reward' is text because of 'much' (line 2)"},
        {H "a,0,inf\na,1,much\na,1,1\n", "column 'reward' is text because of 'much' (line 3)"},
        {"subject,s\na,inf\na,left\n", ""},
        {H "a,0,NA\na,1,\n", "column 'reward' has no values, every one is missing"},
    };
    for (size_t i = 0; i < LENGTH(tables); i++) {
        imported got = import_text(tables[i].text, NULL);
        assert_int_equal(got.code, EM_OK);
        if (strncmp(got.log, tables[i].says, strlen(tables[i].says)) != 0 || (!*tables[i].says && *got.log))
            fail_msg("'%s':\n got %s\nwant %s", tables[i].text, got.log, tables[i].says);
        em_dataset_free(got.data);
    }
    em_import_options options = {.subject = "id"};
    imported got = import_text("id,subject,x\na,7,1\n", &options);
    assert_non_null(strstr(got.log, "column 'subject' is left out, as 'id' tells subjects apart"));
    em_dataset_free(got.data);
}

/* Text that grows while it is written. */
typedef struct page {
    char *text;
    size_t n;
    FILE *file;
} page;

static page *new_page(void)
{
    page *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->file = open_memstream(&p->text, &p->n);
    assert_non_null(p->file);
    return p;
}

static imported import_page(page *p)
{
    fclose(p->file);
    imported got = import_bytes(p->text, p->n, NULL);
    free(p->text);
    free(p);
    return got;
}

static void test_many_levels(void **state)
{
    (void)state;
    for (int n = 65536; n <= 65537; n++) {
        page *p = new_page();
        fputs("subject,s,late,x\n", p->file);
        for (int i = 0; i < n; i++)
            fprintf(p->file, "a,t%d,%d,%d\n", i, i, i % 2);
        fputs("b,t0,word,1\n", p->file);
        imported got = import_page(p);
        assert_int_equal(got.code, EM_OK);
        const em_dataset_column *s = em_dataset_find(got.data, "s"), *x = em_dataset_find(got.data, "x");
        assert_null(em_dataset_find(got.data, "late")); /* its numbers and the word are 65,537 texts at least */
        assert_int_equal(x->value[n], 1);
        if (n == 65536) {
            assert_int_equal(s->n_levels, 65536);
            assert_string_equal(s->level[(int)s->value[777]], "t777");
            assert_int_equal(got.data->n_columns, 2);
        } else {
            assert_null(s);
            assert_non_null(strstr(got.log, "column 's' is left out, it has more than 65536 different texts"));
        }
        em_dataset_free(got.data);
    }
}

/* ---- long tables ----------------------------------------------------------------------------------------------- */

/* Cells, quotes and ends of lines fall on every side of the borders at which the file is read piece by piece. */
static void test_borders(void **state)
{
    (void)state;
    for (int pad = 0; pad < 40; pad++) {
        page *p = new_page();
        size_t line = 2, row = 0;
        fprintf(p->file, "subject,%.*s,x\r\n", pad + 1, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
        for (; row < 12000; row++, line += 3)
            fprintf(p->file, "\"s,%zu\",\"one \"\"\r\ntwo\n\",%zu.25\r\n", row / 100, row);
        fprintf(p->file, "s,x,inf\r\n");
        imported got = import_page(p);
        char want[64];
        snprintf(want, sizeof want, ": line %zu, column 'x': 'inf'", line);
        assert_int_equal(got.code, EM_INPUT_ERROR);
        assert_non_null(strstr(got.error.text, want));
    }
}

/* The closing quote of a cell with a line end is the last byte of the first piece of 256 KiB, or is near it. */
static void test_quote_at_border(void **state)
{
    (void)state;
    static const char head[] = "subject,s,x\na,\"\n";
    for (size_t at = 262140; at < 262150; at++) {
        page *p = new_page();
        fputs(head, p->file);
        for (size_t i = sizeof head - 1; i < at; i++)
            fputc('z', p->file);
        fputs("\",1\nb,t,inf\n", p->file);
        imported got = import_page(p);
        assert_int_equal(got.code, EM_INPUT_ERROR);
        assert_non_null(strstr(got.error.text, ": line 4, column 'x': 'inf'"));
    }
}

static void test_long(void **state)
{
    (void)state;
    page *p = new_page();
    const int n = 300000;
    fputs("x,subject,side\n", p->file);
    for (int i = 0; i < n; i++)
        fprintf(p->file, "%d.5,s%d,\"%s\r\n%d\"\n", i, i / 3 % 1000, i % 2 ? "l" : "r", i % 3);
    imported got = import_page(p);
    assert_int_equal(got.code, EM_OK);
    assert_int_equal(got.data->n_subjects, 1000);
    assert_int_equal(got.data->n_rows, n);
    const em_dataset_column *x = em_dataset_find(got.data, "x"), *side = em_dataset_find(got.data, "side");
    assert_int_equal(side->n_levels, 6);
    for (uint64_t row = 0, s = 0; row < (uint64_t)n; row++) {
        s += row == got.data->offset[s + 1];
        int i = (int)x->value[row];
        char level[16], id[16];
        snprintf(level, sizeof level, "%s\r\n%d", i % 2 ? "l" : "r", i % 3);
        snprintf(id, sizeof id, "s%d", i / 3 % 1000);
        assert_string_equal(side->level[(int)side->value[row]], level);
        assert_string_equal(got.data->id[s], id);
        assert_true(row == got.data->offset[s] || x->value[row] > x->value[row - 1]);
    }
    em_dataset_free(got.data);
}

static void test_endless_quote(void **state)
{
    (void)state;
    page *p = new_page();
    fputs("subject,x\na,1\na,\"1\n", p->file);
    for (int i = 0; i < 400000; i++)
        fputs("a,1,1\n", p->file);
    imported got = import_page(p);
    assert_int_equal(got.code, EM_INPUT_ERROR);
    assert_non_null(strstr(got.error.text, "line 3: a quote"));
}

static void test_wide(void **state)
{
    (void)state;
    page *p = new_page();
    fputs("subject", p->file);
    for (int i = 0; i < 3000; i++)
        fprintf(p->file, ",column%d", i);
    for (int r = 0; r < 3; r++)
        for (int i = -1; i < 3000; i++)
            fprintf(p->file, "%s%d", i < 0 ? "\n" : ",", i < 0 ? 7 : r * i);
    imported got = import_page(p);
    assert_int_equal(got.code, EM_OK);
    assert_int_equal(got.data->n_columns, 3000);
    assert_int_equal(em_dataset_find(got.data, "column2999")->value[2], 5998);
    em_dataset_free(got.data);
}

/* ---- numbers and texts ----------------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    return *x ^= *x << 17;
}

/* The same double as strtod gives, and back to it from its text. */
static void test_numbers(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    for (int i = 0; i < 300000; i++) {
        char text[64], again[EM_NUMBER_TEXT];
        int digits = (int)(next_random(&seed) % 20), exponent = (int)(next_random(&seed) % 60) - 30;
        double x = (double)next_random(&seed) / 1e19, back;
        if (i % 3 == 0)
            snprintf(text, sizeof text, "%.*e", digits, x);
        else if (i % 3 == 1)
            snprintf(text, sizeof text, "-%.*f", digits, x * pow(10, exponent / 4));
        else
            snprintf(text, sizeof text, "%llu.%llue%d", (unsigned long long)(next_random(&seed) % 100000),
                     (unsigned long long)(next_random(&seed) >> (next_random(&seed) % 60)), exponent);
        if (em_number_read(text, strlen(text), &x) != EM_CELL_NUMBER || x != strtod(text, NULL))
            fail_msg("%s gives %.17g", text, x);
        size_t n = em_number_write(x, again);
        assert_int_equal(n, strlen(again));
        assert_int_equal(em_number_read(again, n, &back), EM_CELL_NUMBER);
        assert_true(back == x);
    }
    static const struct {
        double x;
        const char *text;
    } written[] = {{0, "0"}, {-3, "-3"}, {100000, "100000"}, {1e14, "100000000000000"}, {0.1, "0.1"}, {1e300, "1e+300"},
                   {2.0 / 3, "0.6666666666666666"}, {-0.25, "-0.25"}};
    for (size_t i = 0; i < LENGTH(written); i++) {
        char text[EM_NUMBER_TEXT];
        em_number_write(written[i].x, text);
        assert_string_equal(text, written[i].text);
    }
}

/* Every pair, so that the order holds together. */
static void test_bids_order(void **state)
{
    (void)state;
    static const char *const text[] = {"",
                                       "+",
                                       "0",
                                       "00",
                                       "1",
                                       "01",
                                       "001",
                                       "1+",
                                       "01a1",
                                       "1a01",
                                       "1a2",
                                       "1a10",
                                       "2",
                                       "10",
                                       "99999999999999999999998",
                                       "99999999999999999999999",
                                       "A",
                                       "a",
                                       "a0b",
                                       "a00b1",
                                       "a1",
                                       "a01",
                                       "a1b",
                                       "a02",
                                       "a2a",
                                       "a10",
                                       "b"};
    for (size_t i = 0; i < LENGTH(text); i++)
        for (size_t j = 0; j < LENGTH(text); j++) {
            const int compared = em_bids_compare(text[i], text[j]);
            for (size_t k = 0; k < LENGTH(text); k++)
                if (compared < 0 && em_bids_compare(text[j], text[k]) < 0)
                    assert_true(em_bids_compare(text[i], text[k]) < 0);
            assert_int_equal(compared == 0, i == j);
            assert_int_equal(compared > 0, em_bids_compare(text[j], text[i]) < 0);
        }
    assert_true(em_bids_compare("run2", "run10") < 0);
    assert_true(em_bids_compare("a9b2", "a9b10") < 0);
    assert_true(em_bids_compare("99999999999999999999998", "99999999999999999999999") < 0);
    assert_int_equal(em_bids_compare_index("1", "001"), 0);
    assert_true(em_bids_compare_index("2", "010") < 0);
    assert_true(em_bids_compare_index(NULL, "0") < 0);
    assert_true(em_bids_compare_index("0", NULL) > 0);
    assert_int_equal(em_bids_compare_index(NULL, NULL), 0);
}

static void test_bids_names(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "events",
                                        "events.",
                                        ".tsv",
                                        "sub-1_.tsv",
                                        "sub-1.tsv",
                                        "sub_a.tsv",
                                        "-1_beh.tsv",
                                        "sub-_beh.tsv",
                                        "_beh.tsv",
                                        "sub-1__beh.tsv",
                                        "sub-1_sub-1_beh.tsv",
                                        "sub-1_beh",
                                        "a-1_b-1_c-1_d-1_e-1_f-1_g-1_h-1_i-1_j-1_k-1_l-1_m-1_n-1_o-1_p-1_q-1_beh.tsv"};
    em_bids_name name;
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_false(em_bids_name_read(wrong[i], &name));
    for (size_t n = 250; n <= 260; n++) { /* as long as names of files may be, and longer */
        char longest[300] = "sub-";
        memset(longest + 4, 'x', n - 12);
        memcpy(longest + n - 8, "_beh.tsv", 9);
        assert_int_equal(em_bids_name_read(longest, &name), n < 256);
    }
    assert_true(em_bids_name_read("sub-01_ses-a+b_task-t_run-10_events.tsv.gz", &name));
    assert_string_equal(em_bids_value(&name, "sub"), "01");
    assert_string_equal(em_bids_value(&name, "ses"), "a+b");
    assert_string_equal(em_bids_value(&name, "run"), "10");
    assert_null(em_bids_value(&name, "acq"));
    assert_string_equal(name.text + name.suffix, "events");
    assert_string_equal(name.text + name.extension, "tsv.gz");
    assert_true(em_bids_name_read("events.json", &name));
    assert_int_equal(name.n, 0);
    assert_true(em_bids_is_label("0a+Z") && em_bids_is_label("NAN1"));
    assert_false(em_bids_is_label("") || em_bids_is_label("a b") || em_bids_is_label("\xC3\xA9") ||
                 em_bids_is_label("NA"));
    assert_true(em_bids_is_index("007"));
    assert_false(em_bids_is_index("") || em_bids_is_index("-1") || em_bids_is_index("1a"));
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } utf8[] = {{"", true},
                {"plain", true},
                {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", true},
                {"\xC3", false},
                {"\x80", false},
                {"\xC0\x80", false},
                {"\xE0\x80\x80", false},
                {"\xED\xA0\x80", false},
                {"\xF4\x90\x80\x80", false},
                {"a\xFF", false}};
    for (size_t i = 0; i < LENGTH(utf8); i++)
        assert_int_equal(em_text_is_utf8(utf8[i].text, strlen(utf8[i].text)), utf8[i].good);
    char shown[EM_SHOWN], list[EM_LISTED] = "", text[200];
    memset(text, 'x', sizeof text);
    assert_string_equal(em_text_shown("a\nb\x80", 4, shown), "a?b?");
    assert_int_equal(strlen(em_text_shown(text, sizeof text, shown)), EM_SHOWN - 1);
    for (int i = 0; i < 200; i++)
        em_text_list(list, "column");
    assert_true(strlen(list) < EM_LISTED);
    assert_string_equal(list + strlen(list) - 11, "column, ...");
}

/* ---- the fingerprint ------------------------------------------------------------------------------------------- */

static void fingerprint_of(const char *text, const em_import_options *options, char fingerprint[65])
{
    imported got = import_text(text, options);
    assert_int_equal(got.code, EM_OK);
    memcpy(fingerprint, got.data->fingerprint, 65);
    em_dataset_free(got.data);
}

static void test_fingerprint(void **state)
{
    (void)state;
    static const char *const same[] = {
        "subject,x,side\na,1,l\na,NA,r\nb,0.5,l\n", "side\tsubject\tx\nl\ta\t1.0\nr\ta\t\nl\tb\t5e-1\n",
        "subject,x,side\na,1,l\nb,0.5,l\na,NaN,r\n"};
    static const char *const other[] = {
        "subject,x,side\na,1,l\na,0,r\nb,0.5,l\n", "subject,x,side\na,1,l\nb,NA,r\nb,0.5,l\n",
        "subject,x,side\na,1,l\na,NA,r\nc,0.5,l\n", "subject,x,sidf\na,1,l\na,NA,r\nb,0.5,l\n",
        "subject,x,side\na,1,l\na,NA,s\nb,0.5,l\n", "subject,x,side\na,1,0\na,NA,1\nb,0.5,0\n",
        "subject,x\na,1\na,NA\nb,0.5\n"};
    char first[65], next[65];
    fingerprint_of(same[0], NULL, first);
    for (size_t i = 1; i < LENGTH(same); i++) {
        fingerprint_of(same[i], NULL, next);
        assert_string_equal(next, first);
    }
    for (size_t i = 0; i < LENGTH(other); i++) {
        fingerprint_of(other[i], NULL, next);
        assert_string_not_equal(next, first);
    }
    /* computed by another program from the description in fingerprint.h */
    assert_string_equal(first, "5a81218170390583b6b4a3159e22f28aa5a2ffe35a9b6138f751a0a893a47a0c");
}

/* Covariates count: their names, levels and values, but not their order. */
static void test_fingerprint_of_covariates(void **state)
{
    (void)state;
    static const char *const same[] = {"pid,age,group\na,20,p\nb,3.5,c\nc,NA,p\n", "group,age,pid\np,,c\nc,3.50,b\np,2e1,a\n"};
    static const char *const other[] = {"pid,age,group\na,21,p\nb,3.5,c\nc,NA,p\n", "pid,age,group\na,20,p\nb,3.5,c\nc,0,p\n",
                                        "pid,Age,group\na,20,p\nb,3.5,c\nc,NA,p\n", "pid,age,group\na,20,p\nb,3.5,d\nc,NA,p\n",
                                        "pid,age,group\na,20,1\nb,3.5,0\nc,NA,1\n", "pid,age\na,20\nb,3.5\nc,NA\n",
                                        "pid,age,group\na,20,c\nb,3.5,p\nc,NA,c\n"};
    const em_import_options options = {.subject = "pid"};
    char first[65], without[65];
    fingerprint_of(TRIALS, &options, without);
    imported got = import_two(TRIALS, same[0], options);
    memcpy(first, got.data->fingerprint, sizeof first);
    em_dataset_free(got.data);
    assert_string_not_equal(first, without);
    got = import_two(TRIALS, same[1], options);
    assert_string_equal(got.data->fingerprint, first);
    em_dataset_free(got.data);
    for (size_t i = 0; i < LENGTH(other); i++) {
        got = import_two(TRIALS, other[i], options);
        assert_string_not_equal(got.data->fingerprint, first);
        em_dataset_free(got.data);
    }
    /* computed by another program from the description in fingerprint.h */
    assert_string_equal(first, "068356f2a8980cd1860499b63722d8a8f4dce586b575802415a597ee30339064");
}

static void test_seal(void **state)
{
    (void)state;
    em_error error;
    imported got = import_text(H "a,0,1\nb,NA,1\n", NULL);
    char before[65];
    memcpy(before, got.data->fingerprint, sizeof before);
    em_dataset_column *choice = em_dataset_find(got.data, "choice");
    assert_null(em_dataset_find(got.data, "Choice"));
    choice->value[0] = -0.0;
    choice->value[1] = -NAN;
    assert_int_equal(em_dataset_seal(got.data, &error), EM_OK);
    assert_string_equal(got.data->fingerprint, before);
    got.data->held = 1; /* not the whole */
    assert_int_equal(em_dataset_seal(got.data, &error), EM_INPUT_ERROR);
    em_dataset_free(got.data);
    em_dataset_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_many_levels),
        cmocka_unit_test(test_borders),
        cmocka_unit_test(test_quote_at_border),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_endless_quote),
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_bids_order),
        cmocka_unit_test(test_bids_names),
        cmocka_unit_test(test_fingerprint),
        cmocka_unit_test(test_fingerprint_of_covariates),
        cmocka_unit_test(test_seal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
