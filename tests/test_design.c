/* Design matrices against matrices written down by hand, what is refused and by which name, and the way back to raw
 * units; the texts that name covariates; the choice of subjects; effects on made-up people. */
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

#include "design.h"
#include "selection.h"

#define LENGTH(table) ((int)(sizeof(table) / sizeof *(table)))

/* ---- seven people ---------------------------------------------------------------------------------------------- */

enum { S = 7 };
/* Texts of a dataset are its own to change; those here are not changed. */
static char *text(const char *constant)
{
    union {
        const char *constant;
        char *text;
    } same = {.constant = constant};
    return same.text;
}

static double age[S] = {20, 30, 40, 50, 25, 61, NAN};
static double years[S]; /* of schooling: a third of age and two */
static double group[S] = {0, 1, 2, 0, 1, 2, 1};
static double sex[S] = {1, 0, 1, 1, 0, 1, 0}; /* follows from group: everybody who is no patient */
static double site[S] = {3, 3, 3, 3, 3, 3, 3};
static double noise[S] = {0.3, -1.2, 0.8, 2.2, -0.4, 0.1, 0.9};
static double close_to_noise[S], equal_but_for_rounding[S] = {0.3, 0.1 + 0.2, 0.3, 0.1 + 0.2, 0.3, 0.3, 0.3};
static double endless[S] = {1, 2, INFINITY, 4, 5, 6, 7};
static double grade[S] = {0, 1, 0, 1, 0, 1, 1};
static char *ids[S], *group_level[3], *sex_level[2], *grade_level[3];
static em_covariate covariate[10];

static em_dataset people(void)
{
    static const char *const name[S] = {"ann", "bob", "cem", "dot", "eve", "fay", "gus"};
    for (int s = 0; s < S; s++) {
        ids[s] = text(name[s]);
        years[s] = age[s] / 3 + 2;
        close_to_noise[s] = noise[s] + 1e-6 * (s == 2);
    }
    group_level[0] = text("control");
    group_level[1] = text("patient");
    group_level[2] = text("relative");
    sex_level[0] = text("f");
    sex_level[1] = text("m");
    grade_level[0] = text("low");
    grade_level[1] = text("high");
    grade_level[2] = text("top");
    const em_covariate all[] = {
        {text("age"), age, NULL, 0, false},
        {text("years"), years, NULL, 0, false},
        {text("group"), group, group_level, 3, false},
        {text("sex"), sex, sex_level, 2, false},
        {text("site"), site, NULL, 0, false},
        {text("noise"), noise, NULL, 0, false},
        {text("near"), close_to_noise, NULL, 0, false},
        {text("flat"), equal_but_for_rounding, NULL, 0, false},
        {text("endless"), endless, NULL, 0, false},
        {text("grade"), grade, grade_level, 3, true},
    };
    memcpy(covariate, all, sizeof all);
    return (em_dataset){.n_subjects = S, .n_covariates = LENGTH(all), .covariate = covariate, .id = ids};
}

static const bool no_gus[S] = {1, 1, 1, 1, 1, 1, 0};
static const char *const parameters[] = {"alpha[drug]", "alpha[placebo]", "beta", "alphabet"};

/* The design for terms like "age:alpha" and contrasts like "group=sum". */
static em_code make(const bool *chosen, const char *terms_text, const char *contrast_text, em_design *design,
                    em_error *error)
{
    const em_dataset data = people();
    em_covariate_term *terms = NULL;
    em_contrast_choice *contrasts = NULL;
    int n = 0;
    assert_int_equal(em_covariate_terms_read(terms_text, &terms, &n, error), EM_OK);
    assert_int_equal(em_contrast_choices_read(&contrast_text, contrast_text != NULL, &contrasts, error), EM_OK);
    em_code code = em_design_make(&data, chosen, ids, terms, n, contrasts, contrast_text != NULL, parameters,
                                  LENGTH(parameters), design, error);
    free(terms);
    free(contrasts);
    return code;
}

static em_design good(const bool *chosen, const char *terms, const char *contrast)
{
    em_design design;
    em_error error = {0};
    if (make(chosen, terms, contrast, &design, &error) != EM_OK)
        fail_msg("%s, %s: %s", terms, contrast ? contrast : "", error.text);
    return design;
}

static double raw(const em_design *d, int s, int k) { return d->z[s * d->n_columns + k] * d->scale[k] + d->center[k]; }

static void assert_near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-12 * fmax(1, fabs(want))))
        fail_msg("%.17g instead of %.17g", got, want);
}

/* ---- columns --------------------------------------------------------------------------------------------------- */

static void nothing_gives_ones(void **state)
{
    (void)state;
    em_design d = good(NULL, NULL, NULL);
    assert_int_equal(d.n_columns, 1);
    assert_int_equal(d.n_parameters, 4);
    assert_string_equal(d.name[0], "(Intercept)");
    for (int s = 0; s < S; s++)
        assert_true(d.z[s] == 1);
    assert_true(d.center[0] == 0 && d.scale[0] == 1 && d.raw_mean[0] == 1);
    for (int j = 0; j < 4; j++)
        assert_int_equal(d.enters[j], 1);
    em_design_free(&d);
    const bool only_gus[S] = {0, 0, 0, 0, 0, 0, 1};
    d = good(only_gus, NULL, NULL);
    assert_true(d.z[0] == 0 && d.z[6] == 1);
    em_design_free(&d);
    em_design_free(&d);
    em_design_free(NULL);
}

static void numbers_are_standardised_over_the_chosen(void **state)
{
    (void)state;
    /* ages 20, 30, 40, 50: mean 35, variance (225 + 25 + 25 + 225) / 3 */
    const bool four[S] = {1, 1, 1, 1, 0, 0, 0};
    em_design d = good(four, "age", NULL);
    const double scale = sqrt(500.0 / 3);
    assert_int_equal(d.n_columns, 2);
    assert_string_equal(d.name[1], "age");
    assert_near(d.center[1], 35);
    assert_near(d.raw_mean[1], 35);
    assert_near(d.scale[1], scale);
    for (int s = 0; s < S; s++) {
        assert_true(d.z[2 * s] == four[s]);
        assert_near(d.z[2 * s + 1], four[s] ? (age[s] - 35) / scale : 0);
    }
    em_design_free(&d);
}

/* Column k of each level, as R has them: contr.treatment(3), contr.treatment(3, 2), contr.sum(3), that with the first
 * level last, and contr.helmert(3) with column k divided by k + 1. The effects of means 1, 4, 10 follow from what the
 * contrasts say. */
static const struct {
    const char *contrast, *name[2];
    double column[2][3], effect[3];
} contrasts[] = {
    {NULL, {"group[patient]", "group[relative]"}, {{0, 1, 0}, {0, 0, 1}}, {1, 3, 9}},
    {"group=treatment", {"group[patient]", "group[relative]"}, {{0, 1, 0}, {0, 0, 1}}, {1, 3, 9}},
    {"group=treatment:patient", {"group[control]", "group[relative]"}, {{1, 0, 0}, {0, 0, 1}}, {4, -3, 6}},
    {"group=sum", {"group[sum:control]", "group[sum:patient]"}, {{1, 0, -1}, {0, 1, -1}}, {5, -4, -1}},
    {"group=sum:control", {"group[sum:patient]", "group[sum:relative]"}, {{-1, 1, 0}, {-1, 0, 1}}, {5, -1, 5}},
    {"group=helmert",
     {"group[helmert:patient]", "group[helmert:relative]"},
     {{-1 / 2., 1 / 2., 0}, {-1 / 3., -1 / 3., 2 / 3.}},
     {5, 3, 7.5}},
};

static void contrasts_are_the_known_ones(void **state)
{
    (void)state;
    static const double mean[] = {1, 4, 10};
    for (int i = 0; i < LENGTH(contrasts); i++) {
        em_design d = good(no_gus, "group", contrasts[i].contrast);
        assert_int_equal(d.n_columns, 3);
        for (int k = 0; k < 2; k++)
            assert_string_equal(d.name[k + 1], contrasts[i].name[k]);
        for (int s = 0; s < S - 1; s++) {
            double predicted = contrasts[i].effect[0];
            for (int k = 0; k < 2; k++) {
                assert_near(raw(&d, s, k + 1), contrasts[i].column[k][(int)group[s]]);
                predicted += contrasts[i].effect[k + 1] * raw(&d, s, k + 1);
            }
            assert_near(predicted, mean[(int)group[s]]);
        }
        em_design_free(&d);
    }
}

static void terms_choose_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *terms;
        int n_columns;
        uint8_t enters[4][4]; /* [C,P] alpha[drug], alpha[placebo], beta, alphabet */
    } cases[] = {
        {"age", 2, {{1, 1, 1, 1}, {1, 1, 1, 1}}},
        {"age:alpha", 2, {{1, 1, 1, 1}, {1, 1, 0, 0}}},
        {"age:alpha[placebo]", 2, {{1, 1, 1, 1}, {0, 1, 0, 0}}},
        {"age:beta,group:alpha", 4, {{1, 1, 1, 1}, {0, 0, 1, 0}, {1, 1, 0, 0}, {1, 1, 0, 0}}},
        {"age:beta,noise,age:alphabet,age:beta", 3, {{1, 1, 1, 1}, {0, 0, 1, 1}, {1, 1, 1, 1}}},
        {"age:beta,age", 2, {{1, 1, 1, 1}, {1, 1, 1, 1}}},
    };
    for (int i = 0; i < LENGTH(cases); i++) {
        em_design d = good(no_gus, cases[i].terms, NULL);
        assert_int_equal(d.n_columns, cases[i].n_columns);
        for (int k = 0; k < d.n_columns; k++)
            assert_memory_equal(d.enters + k * 4, cases[i].enters[k], 4);
        em_design_free(&d);
    }
}

/* What a person's mean is does not depend on the units in which coefficients are told. */
static void raw_coefficients_predict_the_same(void **state)
{
    (void)state;
    em_design d = good(no_gus, "age:beta,group,noise:alpha", "group=helmert");
    enum { C = 5, P = 4 };
    assert_int_equal(d.n_columns, C);
    double standard[C * P], back[C * P], t[C * C];
    for (int i = 0; i < C * P; i++)
        standard[i] = d.enters[i] ? sin(i + 1) : 0;
    em_design_to_raw(&d, standard, back);
    em_design_raw_matrix(&d, t);
    for (int j = 0; j < P; j++) {
        for (int s = 0; s < S - 1; s++) {
            const double column[C] = {1, age[s],
                                      group[s] == 0   ? -0.5
                                      : group[s] == 1 ? 0.5
                                                      : 0,
                                      group[s] == 2 ? 2 / 3. : -1 / 3., noise[s]};
            double by_z = 0, by_raw = 0;
            for (int k = 0; k < C; k++) {
                by_z += d.z[s * C + k] * standard[k * P + j];
                by_raw += column[k] * back[k * P + j];
            }
            assert_near(by_raw, by_z);
        }
        for (int k = 0; k < C; k++) {
            double product = 0;
            for (int l = 0; l < C; l++)
                product += t[k * C + l] * standard[l * P + j];
            assert_near(product, back[k * P + j]);
        }
    }
    em_design_to_raw(&d, standard, standard);
    assert_memory_equal(standard, back, sizeof back);
    em_design_free(&d);
}

/* ---- refused --------------------------------------------------------------------------------------------------- */

static void refused_by_name(void **state)
{
    (void)state;
    static const bool two[S] = {1, 1, 0, 0, 0, 0, 0}, patients[S] = {0, 1, 0, 0, 1, 0, 0},
                      no_relative[S] = {1, 1, 0, 1, 1, 0, 0};
    static const struct {
        const bool *chosen;
        const char *terms, *contrast, *says;
    } cases[] = {
        {no_gus, "weight", NULL, "no covariate 'weight'; the dataset has: age, years, group, sex, site"},
        {no_gus, "age:gamma", NULL,
         "parameter 'gamma', which there is not; the parameters are: alpha[drug], alpha[placebo], beta"},
        {no_gus, "age:alph", NULL, "parameter 'alph'"},
        {NULL, "age", NULL, "covariate 'age' has no value for 1 of the 7 subjects: gus; leave them out (--exclude)"},
        {no_gus, "endless", NULL, "'endless' of subject cem is not finite"},
        {no_gus, "site", NULL, "covariate 'site' is 3 for all 6 subjects"},
        {no_gus, "flat", NULL, "covariate 'flat' is 0.3 for all 6 subjects"},
        {patients, "group", NULL, "covariate 'group' is 'patient' for all 2 subjects"},
        {no_relative, "group", NULL,
         "'group': none of the 4 subjects has the level relative; import the data with --levels"},
        {no_gus, "grade", NULL, "'grade': none of the 6 subjects has the level top"},
        {no_gus, "age,noise,years", NULL, "parameter alpha[drug]: among these 6 subjects the covariate '"},
        {no_gus, "noise,age:beta,years:beta", NULL, "parameter beta: among these 6 subjects the covariate '"},
        {no_gus, "group,sex", NULL, "the covariate 'sex[m]' follows from: group[patient];"},
        {two, "age", NULL,
         "parameter alpha[drug] has 2 coefficients with its covariates, which takes at least 3 subjects, but there are "
         "2"},
        {no_gus, "age:beta,noise:beta,group:beta,sex:beta", NULL,
         "parameter beta has 6 coefficients with its covariates, which takes at least 7 subjects"},
        {no_gus, "age", "weight=sum", "no covariate 'weight'"},
        {no_gus, "age", "group=sum", "a contrast is given for 'group', which is not among the covariates"},
        {no_gus, "age", "age=sum", "a contrast is given for covariate 'age', which holds numbers"},
        {no_gus, "group", "group=sum:sibling",
         "there is no level 'sibling'; its levels are: control, patient, relative"},
    };
    for (int i = 0; i < LENGTH(cases); i++) {
        em_design d;
        em_error error = {0};
        em_code code = make(cases[i].chosen, cases[i].terms, cases[i].contrast, &d, &error);
        if (code != EM_INPUT_ERROR || !strstr(error.text, cases[i].says))
            fail_msg("%s: %d %s\nwant %s", cases[i].terms, (int)code, error.text, cases[i].says);
        assert_null(d.z);
    }
}

static void who_is_to_blame(void **state)
{
    (void)state;
    em_design d;
    em_error error = {0};
    /* one of the two follows from the other, and nothing else is named */
    assert_int_equal(make(no_gus, "age,noise,years", NULL, &d, &error), EM_INPUT_ERROR);
    assert_true(strstr(error.text, "'age' follows from: years;") || strstr(error.text, "'years' follows from: age;"));
    /* the same columns are no trouble where they belong to different parameters, nor those that nearly are one */
    d = good(no_gus, "noise,age:alpha,years:beta", NULL);
    em_design_free(&d);
    d = good(no_gus, "noise,near", NULL);
    em_design_free(&d);
    /* a contrast twice, and a dataset without covariates */
    const em_dataset data = people(), bare = {.n_subjects = S};
    const em_covariate_term term = {"group", NULL};
    const em_contrast_choice twice[] = {{"group", EM_SUM, NULL}, {"group", EM_HELMERT, NULL}},
                             wrong = {"group", EM_HELMERT, "control"};
    assert_int_equal(em_design_make(&data, no_gus, NULL, &term, 1, twice, 2, parameters, 4, &d, &error),
                     EM_INPUT_ERROR);
    assert_non_null(strstr(error.text, "'group' is given two contrasts"));
    assert_int_equal(em_design_make(&data, no_gus, NULL, &term, 1, &wrong, 1, parameters, 4, &d, &error),
                     EM_INPUT_ERROR);
    assert_non_null(strstr(error.text, "has no reference level"));
    assert_int_equal(em_design_make(&bare, NULL, NULL, &term, 1, NULL, 0, parameters, 4, &d, &error), EM_INPUT_ERROR);
    assert_non_null(
        strstr(error.text, "the dataset has none; make it again with 'emlib import TRIALS.csv --covariates"));
    /* without ids a subject is named by its place */
    const em_covariate_term by_age = {"age", "beta"};
    assert_int_equal(em_design_make(&data, NULL, NULL, &by_age, 1, NULL, 0, parameters, 4, &d, &error), EM_INPUT_ERROR);
    assert_non_null(strstr(error.text, "number 7"));
}

/* ---- texts of options ------------------------------------------------------------------------------------------ */

static void terms_are_read(void **state)
{
    (void)state;
    em_covariate_term *term = NULL;
    em_error error = {0};
    int n = 7;
    assert_int_equal(em_covariate_terms_read("age,group:alpha,iq:beta[a,b],x", &term, &n, &error), EM_OK);
    static const char *const want[][2] = {{"age", NULL}, {"group", "alpha"}, {"iq", "beta[a,b]"}, {"x", NULL}};
    assert_int_equal(n, LENGTH(want));
    for (int i = 0; i < n; i++) {
        assert_string_equal(term[i].covariate, want[i][0]);
        assert_int_equal(!term[i].parameter, !want[i][1]);
        if (want[i][1])
            assert_string_equal(term[i].parameter, want[i][1]);
    }
    free(term);
    assert_int_equal(em_covariate_terms_read("", &term, &n, &error), EM_OK);
    assert_null(term);
    assert_int_equal(n, 0);
    static const char *const bad[] = {",", "age,", ",age", ":alpha", "age:", "age,:beta,x"};
    for (int i = 0; i < LENGTH(bad); i++) {
        if (em_covariate_terms_read(bad[i], &term, &n, &error) != EM_INPUT_ERROR)
            fail_msg("'%s' was taken", bad[i]);
        assert_null(term);
        assert_non_null(strstr(error.text, "COVARIATE:PARAMETER"));
    }
}

static void contrasts_are_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"group=sum", "a b=treatment", "site=treatment:x:y, z=1", "q=helmert",
                                        "r=sum:last"};
    static const em_contrast_choice want[] = {{"group", EM_SUM, NULL},
                                              {"a b", EM_TREATMENT, NULL},
                                              {"site", EM_TREATMENT, "x:y, z=1"},
                                              {"q", EM_HELMERT, NULL},
                                              {"r", EM_SUM, "last"}};
    em_contrast_choice *choice = NULL;
    em_error error = {0};
    assert_int_equal(em_contrast_choices_read(texts, LENGTH(texts), &choice, &error), EM_OK);
    for (int i = 0; i < LENGTH(texts); i++) {
        assert_string_equal(choice[i].covariate, want[i].covariate);
        assert_int_equal(choice[i].contrast, want[i].contrast);
        assert_int_equal(!choice[i].reference, !want[i].reference);
        if (want[i].reference)
            assert_string_equal(choice[i].reference, want[i].reference);
    }
    free(choice);
    static const char *const bad[] = {
        "group", "=sum", "group=", "group=dummy", "group=treatment:", "group=helmert:a", "group:sum"};
    for (int i = 0; i < LENGTH(bad); i++) {
        if (em_contrast_choices_read(&bad[i], 1, &choice, &error) != EM_INPUT_ERROR || !strstr(error.text, bad[i]))
            fail_msg("'%s': %s", bad[i], error.text);
        assert_null(choice);
    }
}

static void effects_are_read(void **state)
{
    (void)state;
    em_effect *effect = NULL;
    em_error error = {0};
    int n = 0;
    assert_int_equal(em_effects_read("age:alpha=0.5,iq:beta=-1e-1", &effect, &n, &error), EM_OK);
    assert_int_equal(n, 2);
    assert_string_equal(effect[0].covariate, "age");
    assert_string_equal(effect[0].parameter, "alpha");
    assert_string_equal(effect[1].parameter, "beta");
    assert_true(effect[0].size == 0.5 && effect[1].size == -0.1);
    free(effect);
    static const char *const bad[] = {"age",          "age:alpha",     "age=1",    "age:alpha=", "age:alpha=x",
                                      "age:alpha=1x", "age:alpha=inf", ":alpha=1", "age:=1",     "age:alpha=1,"};
    for (int i = 0; i < LENGTH(bad); i++)
        if (em_effects_read(bad[i], &effect, &n, &error) != EM_INPUT_ERROR)
            fail_msg("'%s' was taken", bad[i]);
}

/* ---- subjects -------------------------------------------------------------------------------------------------- */

/* file: its content, NULL for none; want: 0 and 1 for each of the six, or else what is said. */
static void check_selection(const char *file, const char *exclude, const char *want)
{
    static const char *const name[] = {"sub-001", "sub-002", "ann", "a,b", "sub-012", "ann"};
    char *id[LENGTH(name)], path[] = "/tmp/test_design_XXXXXX";
    bool chosen[LENGTH(name)];
    em_error error = {0};
    for (int i = 0; i < LENGTH(name); i++)
        id[i] = text(name[i]);
    if (file) {
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, file, strlen(file)), (ssize_t)strlen(file));
        close(fd);
    }
    em_code code =
        em_selection_make(id, LENGTH(name), file ? path : NULL, &exclude, exclude != NULL, "d.h5", chosen, &error);
    if (file)
        unlink(path);
    char got[LENGTH(name) + 1] = "";
    for (int i = 0; i < LENGTH(name) && !code; i++)
        got[i] = chosen[i] ? '1' : '0';
    const bool expected = *want == '0' || *want == '1';
    if (expected ? strcmp(got, want) != 0 : code != EM_INPUT_ERROR || !strstr(error.text, want))
        fail_msg("'%s', '%s': %s %s\nwant %s", file ? file : "", exclude ? exclude : "", got, error.text, want);
    if (code && file && strstr(want, "line"))
        assert_non_null(strstr(error.text, path));
}

static void subjects_are_chosen(void **state)
{
    (void)state;
    check_selection(NULL, NULL, "111111");
    check_selection(NULL, "sub-002", "101111");
    check_selection("sub-002\nann\n", NULL, "011001");
    check_selection("ann\r\n\r\nann\r\nsub-012", "ann", "000010");
    check_selection("subject\nsub-001\n", NULL, "100000");
    check_selection("\"a,b\"\nsub-001\n", NULL, "100100");
    check_selection("age,subject\n3,sub-001\n4,ann\n", NULL, "101001");
    check_selection("age\tsubject\n3\ta,b\n", NULL, "000100");
    check_selection("sub-002\nbob\n", NULL, "line 2: there is no subject 'bob' in d.h5");
    check_selection("12\n", NULL, "line 1: there is no subject '12' in d.h5; did you mean sub-012?");
    check_selection("Ann\n", NULL, "there is no subject 'Ann' in d.h5; did you mean ann?");
    check_selection("subject,age\nsub-001,1\n,2\n", NULL, "line 3: there is no subject ''");
    check_selection("id,age\nsub-001,1\n", NULL, "line 1: a table needs a header line with a column 'subject'");
    check_selection("sub-001\nann,sub-002\n", NULL, "line 2 has 2 cells, but the first row has 1");
    check_selection("subject\n", NULL, "names no subject");
    check_selection(NULL, "gus", "--exclude: there is no subject 'gus' in d.h5");
    check_selection("ann\n", "ann", "none of the 6 subjects of d.h5 is left");
    check_selection("", NULL, "is empty");
}

/* ---- made-up people -------------------------------------------------------------------------------------------- */

static em_dataset *simulate(const em_effect *effect, int n_effects, const em_split *split, int n_splits)
{
    em_simulation sim = {.subjects = 4000,
                         .trials = 1,
                         .seed = 11,
                         .effect = effect,
                         .n_effects = n_effects,
                         .split = split,
                         .n_splits = n_splits};
    em_dataset *data = NULL;
    em_error error = {0};
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        sim.mu[j] = sim.var[j] = NAN;
    if (em_simulate(em_model_find("rw"), &sim, &data, &error) != EM_OK)
        fail_msg("%s", error.text);
    return data;
}

static double correlation(const double *a, size_t step_a, const double *b, size_t step_b, size_t n)
{
    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
    for (size_t s = 0; s < n; s++) {
        ma += a[s * step_a] / (double)n;
        mb += b[s * step_b] / (double)n;
    }
    for (size_t s = 0; s < n; s++) {
        const double x = a[s * step_a] - ma, y = b[s * step_b] - mb;
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    return ab / sqrt(aa * bb);
}

/* The same seed, with effects and without: the difference is what was asked for, and nothing else has changed. */
static void effects_shift_the_same_people(void **state)
{
    (void)state;
    const em_effect effect[] = {
        {"age", "alpha", 0.5}, {"group", "alpha", -0.8}, {"iq", "beta", 2}, {"age", "beta", -0.25}};
    const em_split split = {"group", {"control", "patient"}};
    em_dataset *with = simulate(effect, 4, &split, 1), *without = simulate(NULL, 0, NULL, 0);
    const double *x = with->truth->x, *before = without->truth->x;
    const size_t n = with->n_subjects;
    assert_int_equal(without->n_covariates, 0);
    assert_int_equal(with->n_covariates, 3);
    assert_string_not_equal(with->fingerprint, without->fingerprint);
    const em_covariate *by_group = em_dataset_covariate(with, "group");
    const double *years_old = em_dataset_covariate(with, "age")->value, *iq = em_dataset_covariate(with, "iq")->value;
    assert_string_equal(by_group->level[0], "control");
    assert_string_equal(by_group->level[1], "patient");
    double mean = 0, square = 0, patients = 0;
    for (size_t s = 0; s < n; s++) {
        assert_near(x[2 * s] - before[2 * s] + 10, 10 + 0.5 * years_old[s] - 0.8 * by_group->value[s]);
        assert_near(x[2 * s + 1] - before[2 * s + 1] + 10, 10 + 2 * iq[s] - 0.25 * years_old[s]);
        mean += years_old[s] / (double)n;
        square += years_old[s] * years_old[s] / (double)n;
        patients += by_group->value[s];
    }
    /* four standard errors of 4,000 draws */
    assert_true(fabs(mean) < 4 / sqrt(4000) && fabs(square - 1) < 4 * sqrt(2.0 / 4000));
    assert_true(patients == 2000);
    const double most = 4 / sqrt(4000);
    assert_true(fabs(correlation(years_old, 1, iq, 1, n)) < most);
    assert_true(fabs(correlation(years_old, 1, iq + 1, 1, n - 1)) < most);
    assert_true(fabs(correlation(years_old, 1, before, 2, n)) < most);
    assert_true(fabs(correlation(years_old, 1, before + 1, 2, n)) < most);
    assert_true(fabs(correlation(years_old, 1, by_group->value, 1, n)) < most);
    assert_int_equal(with->truth->n_effects, 4);
    assert_string_equal(with->truth->effect_covariate[2], "iq");
    assert_string_equal(with->truth->effect_parameter[3], "beta");
    assert_true(with->truth->effect[1] == -0.8);
    em_dataset_free(with);
    em_dataset_free(without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gives_ones),
        cmocka_unit_test(numbers_are_standardised_over_the_chosen),
        cmocka_unit_test(contrasts_are_the_known_ones),
        cmocka_unit_test(terms_choose_parameters),
        cmocka_unit_test(raw_coefficients_predict_the_same),
        cmocka_unit_test(refused_by_name),
        cmocka_unit_test(who_is_to_blame),
        cmocka_unit_test(terms_are_read),
        cmocka_unit_test(contrasts_are_read),
        cmocka_unit_test(effects_are_read),
        cmocka_unit_test(subjects_are_chosen),
        cmocka_unit_test(effects_shift_the_same_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
