#include "task_settings.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "number.h"
#include "task.h"
#include "texts.h"

int em_settings_count(const em_task *task)
{
    int n = 0;
    while (task->settings && task->settings[n].name)
        n++;
    return n;
}

/* Settings have a decimal point whatever the language of the caller. 0 with `error` filled where that cannot be. */
static locale_t plain_locale(em_error *error)
{
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!plain)
        (void)em_fail(error, EM_MACHINE, "--task: the locale \"C\" is not available");
    return plain;
}

/* ---- what is allowed, in words ----------------------------------------------------------------------------------- */

const char *em_setting_allowed(const em_setting *s, int options, char text[EM_ALLOWED])
{
    char form[96], low[EM_NUMBER_TEXT], high[EM_NUMBER_TEXT];
    const char *numbers = s->whole ? "whole numbers" : "numbers";
    switch (s->kind) {
    case EM_SETTING_ONE: snprintf(form, sizeof form, s->whole ? "a whole number" : "a number"); break;
    case EM_SETTING_LIST: snprintf(form, sizeof form, "%d %s with '/' between", s->count, numbers); break;
    case EM_SETTING_SOME: snprintf(form, sizeof form, "1 to %d %s with '/' between", s->count, numbers); break;
    case EM_SETTING_RANGE: snprintf(form, sizeof form, "LOW..HIGH, %s", numbers); break;
    case EM_SETTING_SPREAD:
        snprintf(form, sizeof form, "X, A/B/... (up to %d) or LOW..HIGH, %s", EM_SETTING_VALUES, numbers);
        break;
    case EM_SETTING_OPTIONS:
        if (options > 2)
            snprintf(form, sizeof form, "1, 2 or %d %s (one for each option) with '/' between", options, numbers);
        else
            snprintf(form, sizeof form, options ? "1 or 2 %s with '/' between" : "P, P/Q or one number for each option",
                     numbers);
        break;
    case EM_SETTING_SHARES:
        snprintf(form, sizeof form, "%d %s with '/' between whose sum is 1", s->count, numbers);
        break;
    }
    em_number_write(s->low, low);
    em_number_write(s->high, high);
    snprintf(text, EM_ALLOWED, "%s, from %s to %s", form, low, high);
    return text;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static em_code not_allowed(const em_setting *s, int options, const char *text, em_error *error)
{
    char shown[EM_SHOWN], allowed[EM_ALLOWED];
    return em_fail(error, EM_INPUT_ERROR, "--task: %s=%s is not allowed: %s can be %s", s->name,
                   em_text_shown(text, strlen(text), shown), s->name, em_setting_allowed(s, options, allowed));
}

static bool read_number(const em_setting *s, char *text, em_setting_value *v)
{
    double x;
    if (v->n == EM_SETTING_VALUES || em_number_read(text, strlen(text), &x) != EM_CELL_NUMBER)
        return false;
    v->value[v->n++] = x;
    return x >= s->low && x <= s->high && (!s->whole || x == floor(x));
}

/* `text` is cut into its numbers. */
static bool read_numbers(const em_setting *s, char *text, em_setting_value *v)
{
    char *dots = strstr(text, "..");
    if (dots && (s->kind == EM_SETTING_RANGE || s->kind == EM_SETTING_SPREAD)) {
        *dots = '\0';
        v->range = true;
        return read_number(s, text, v) && read_number(s, dots + 2, v) && v->value[0] <= v->value[1];
    }
    for (char *next; text; text = next) {
        if ((next = strchr(text, '/')))
            *next++ = '\0';
        if (!read_number(s, text, v))
            return false;
    }
    return true;
}

static bool count_is_right(const em_setting *s, int options, const em_setting_value *v)
{
    double sum = 0;
    switch (s->kind) {
    case EM_SETTING_ONE: return v->n == 1;
    case EM_SETTING_LIST: return v->n == s->count;
    case EM_SETTING_SOME: return v->n <= s->count;
    case EM_SETTING_RANGE: return v->range;
    case EM_SETTING_SPREAD: return true;
    case EM_SETTING_OPTIONS: return v->n <= 2 || v->n == options;
    case EM_SETTING_SHARES:
        for (int i = 0; i < v->n; i++)
            sum += v->value[i];
        return v->n == s->count && fabs(sum - 1) < 1e-9;
    }
    return false;
}

static em_code read_value(const em_setting *s, int options, const char *text, em_setting_value *v, em_error *error)
{
    char *copy = em_copy(text, error);
    if (!copy)
        return EM_MACHINE;
    *v = (em_setting_value){0};
    const bool good = read_numbers(s, copy, v) && count_is_right(s, options, v);
    free(copy);
    return good ? EM_OK : not_allowed(s, options, text, error);
}

/* A name that a user may have meant. */
static bool is_near(const char *name, const char *setting)
{
    const int edits = em_text_edits(name, setting);
    return (edits <= 3 && edits < (int)strlen(setting)) || (*name && strstr(setting, name));
}

static em_code unknown(const em_task *task, const char *name, em_error *error)
{
    char list[EM_LISTED] = "", shown[EM_SHOWN];
    const int n = em_settings_count(task);
    em_text_shown(name, strlen(name), shown);
    if (n == 0)
        return em_fail(error, EM_INPUT_ERROR, "--task: there is no setting '%s': task %s has none", shown, task->name);
    for (int i = 0; i < n; i++)
        if (is_near(name, task->settings[i].name))
            em_text_list(list, task->settings[i].name);
    const bool close = *list != '\0';
    for (int i = 0; i < n && !close; i++)
        em_text_list(list, task->settings[i].name);
    return em_fail(error, EM_INPUT_ERROR, "--task: task %s has no setting '%s'; %s %s%s ('--task help' tells more)",
                   task->name, shown, close ? "did you mean" : "it has", list, close ? "?" : "");
}

/* name=value; given [settings of the task]: which were named so far. */
static em_code read_one(const em_task *task, int options, char *text, em_settings *settings, bool *given,
                        em_error *error)
{
    char *equals = strchr(text, '='), shown[EM_SHOWN];
    int i = 0;
    if (!equals || equals == text)
        return em_fail(error, EM_INPUT_ERROR,
                       "--task wants NAME=VALUE,..., not '%s' ('--task help' lists the settings of task %s)",
                       em_text_shown(text, strlen(text), shown), task->name);
    *equals = '\0';
    const int n = em_settings_count(task);
    while (i < n && strcmp(task->settings[i].name, text) != 0)
        i++;
    if (i == n)
        return unknown(task, text, error);
    if (given[i])
        return em_fail(error, EM_INPUT_ERROR, "--task gives %s twice", text);
    given[i] = true;
    return read_value(&task->settings[i], options, equals + 1, &settings->of[i], error);
}

static em_code read_all(const em_task *task, int options, const char *text, em_settings *settings, em_error *error)
{
    bool given[EM_MAX_SETTINGS] = {0};
    em_code code = EM_OK;
    *settings = (em_settings){0};
    for (int i = 0; i < em_settings_count(task) && !code; i++)
        code = read_value(&task->settings[i], options, task->settings[i].value, &settings->of[i], error);
    if (code || !text || !*text)
        return code;
    char *copy = em_copy(text, error);
    if (!copy)
        return EM_MACHINE;
    for (char *one = copy, *next; one && !code; one = next) {
        if ((next = strchr(one, ',')))
            *next++ = '\0';
        code = read_one(task, options, one, settings, given, error);
    }
    free(copy);
    return code;
}

em_code em_settings_read(const em_task *task, int options, const char *text, em_settings *settings, em_error *error)
{
    const locale_t plain = plain_locale(error);
    if (!plain)
        return EM_MACHINE;
    const locale_t before = uselocale(plain);
    em_code code = read_all(task, options, text, settings, error);
    uselocale(before);
    freelocale(plain);
    return code;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void write_all(const em_task *task, const em_settings *settings, char *end)
{
    for (int i = 0; i < em_settings_count(task); i++) {
        const em_setting_value *v = &settings->of[i];
        end += sprintf(end, "%s%s=", i ? "," : "", task->settings[i].name);
        for (int k = 0; k < v->n; k++) {
            if (k)
                end = stpcpy(end, v->range ? ".." : "/");
            end += em_number_write(v->value[k], end);
        }
    }
}

char *em_settings_text(const em_task *task, const em_settings *settings, em_error *error)
{
    size_t room = 1;
    for (int i = 0; i < em_settings_count(task); i++)
        room += strlen(task->settings[i].name) + 2 + (size_t)settings->of[i].n * (EM_NUMBER_TEXT + 2);
    const locale_t plain = plain_locale(error);
    char *text = plain ? em_new(room, 1, error) : NULL;
    if (text) {
        const locale_t before = uselocale(plain);
        write_all(task, settings, text);
        uselocale(before);
    }
    if (plain)
        freelocale(plain);
    return text;
}
