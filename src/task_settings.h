/* The settings of a task: the numbers in it that a user may change. Each task lists its own in a table beside its code.
 */
#ifndef EMLIB_TASK_SETTINGS_H
#define EMLIB_TASK_SETTINGS_H
#include "emlib/emlib.h"

struct em_task;

enum { EM_MAX_SETTINGS = 8, EM_SETTING_VALUES = 32 };

typedef enum em_setting_kind {
    EM_SETTING_ONE,     /* X */
    EM_SETTING_LIST,    /* `count` numbers, A/B/C */
    EM_SETTING_SOME,    /* 1 to `count` numbers */
    EM_SETTING_RANGE,   /* LOW..HIGH */
    EM_SETTING_SPREAD,  /* X, A/B/C or LOW..HIGH: what a task draws from */
    EM_SETTING_OPTIONS, /* P, P/Q or a number for each option, see em_scene_option */
    EM_SETTING_SHARES   /* `count` probabilities whose sum is 1 */
} em_setting_kind;

typedef struct em_setting {
    const char *name;
    const char *value; /* the default, written as a user would write it */
    em_setting_kind kind;
    double low, high; /* what each number can be, both included */
    const char *about;
    int count;
    bool whole; /* whole numbers only */
} em_setting;

/* What the settings of one task are: of [its settings, in the order of its table]. */
typedef struct em_setting_value {
    int n;
    bool range; /* value [2]: LOW..HIGH */
    double value[EM_SETTING_VALUES];
} em_setting_value;
typedef struct em_settings {
    em_setting_value of[EM_MAX_SETTINGS];
} em_settings;

/* How many settings a task has. */
int em_settings_count(const struct em_task *task);
/* Reads "p=0.8/0.2,reversal=30"; what is not named (text NULL: nothing is) has its default. options: K. EM_INPUT_ERROR:
 * a name that the task does not have or that is given twice, numbers that are not allowed, too few or too many of them.
 */
em_code em_settings_read(const struct em_task *task, int options, const char *text, em_settings *settings,
                         em_error *error) EM_MUST_CHECK;
/* All settings as a text that em_settings_read reads, to be freed; NULL with `error` filled where there is no memory.
 */
char *em_settings_text(const struct em_task *task, const em_settings *settings, em_error *error) EM_MUST_CHECK;

enum { EM_ALLOWED = 180 };
/* What a setting can be, in words. options: K, 0 where it is not known. Returns `text`. */
const char *em_setting_allowed(const em_setting *setting, int options, char text[EM_ALLOWED]);
#endif
