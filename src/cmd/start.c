/* The ranks of a command: all of them must have been asked for the same, by the same emlib. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../comm.h"
#include "cmd.h"

/* What a process was asked for: its arguments, each with its closing zero. Of very long ones only the hash is whole. */
typedef struct {
    char version[32], command[32];
    int n;
    uint64_t hash; /* FNV-1a of all arguments */
    char text[16384];
} question;

static question mine;

void cmd_asked(const char *name, int n, char **argument)
{
    size_t used = 0;
    mine = (question){.n = n, .hash = 14695981039346656037u};
    snprintf(mine.version, sizeof mine.version, "%s", EMLIB_VERSION);
    snprintf(mine.command, sizeof mine.command, "%s", name);
    for (int i = 0; i < n; i++)
        for (size_t k = 0; k <= strlen(argument[i]); k++) {
            mine.hash = (mine.hash ^ (unsigned char)argument[i][k]) * 1099511628211u;
            if (used + 2 < sizeof mine.text) /* two zeros at the end, for who walks through it */
                mine.text[used++] = argument[i][k];
        }
}

/* The first argument that differs; both texts are walked through side by side. */
static em_code differ(const question *first, int rank, em_error *error)
{
    static const char remedy[] = "all processes need the same command line and the same emlib";
    if (strcmp(first->version, mine.version) != 0)
        return em_fail(error, EM_INPUT_ERROR, "process %d runs emlib %s, process 0 runs emlib %s; %s", rank, mine.version, first->version,
                       remedy);
    if (strcmp(first->command, mine.command) != 0)
        return em_fail(error, EM_INPUT_ERROR, "process %d was started with 'emlib %s', process 0 with 'emlib %s'; %s", rank, mine.command,
                       first->command, remedy);
    if (first->n == mine.n && first->hash == mine.hash)
        return EM_OK;
    const char *a = first->text, *b = mine.text;
    int i = 0;
    while (i < first->n && i < mine.n && strcmp(a, b) == 0) {
        a += strlen(a) + (a < first->text + sizeof first->text - 1);
        b += strlen(b) + (b < mine.text + sizeof mine.text - 1);
        i++;
    }
    return em_fail(error, EM_INPUT_ERROR, "process %d was started with '%.200s' where process 0 has '%.200s' (argument %d); %s", rank,
                   i < mine.n ? b : "", i < first->n ? a : "", i + 1, remedy);
}

em_code cmd_start(em_comm **comm, em_error *error)
{
    em_code code = em_comm_start(comm, error);
    if (code != EM_OK || em_comm_size(*comm) == 1)
        return code;
    question first = mine;
    em_comm_share(*comm, &first, sizeof first);
    return em_comm_agree(*comm, differ(&first, em_comm_rank(*comm), error), error);
}
