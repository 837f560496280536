/* How a file says where another one is: relative to its own folder where that is possible. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "h5.h"

/* `to` as seen from the folder `from`; both absolute and without "..". Paths that share only the root stay absolute:
 * such files do not move together. */
static char *relative_path(const char *from, const char *to, em_error *error)
{
    size_t shared = 0, i = 0;
    for (; from[i] && from[i] == to[i]; i++)
        if (to[i] == '/')
            shared = i + 1;
    if (!from[i] && to[i] == '/')
        shared = i + 1; /* all of `from` leads to `to` */
    if (shared <= 1 && strcmp(from, "/") != 0)
        return em_copy(to, error);
    size_t up = 0, length = strlen(from);
    for (size_t k = shared; k < length; k++)
        up += k == shared || from[k] == '/';
    char *path = em_new(3 * up + strlen(to + shared) + 1, 1, error);
    for (size_t k = 0; path && k < up; k++)
        memcpy(path + 3 * k, "../", 3);
    if (path)
        memcpy(path + 3 * up, to + shared, strlen(to + shared));
    return path;
}

em_code em_h5_put_path(const em_h5 *h5, const char *name, const char *other, em_error *error)
{
    char *folder = em_folder(h5->path, error), *from = NULL, *to = NULL, *stored = NULL;
    if (folder && (from = realpath(folder, NULL)) && (to = realpath(other, NULL)))
        stored = relative_path(from, to, error);
    else if (folder)
        stored = em_copy(other, error);
    if (stored)
        em_h5_mend_utf8(stored); /* a folder's name in another encoding must not cost the results */
    em_code code = stored ? em_h5_put_text(h5, "/", name, stored, error) : EM_MACHINE;
    free(stored);
    free(folder);
    free(from);
    free(to);
    return code;
}

/* From the folder in which the file itself is, also where h5->path is a symbolic link to it. */
static char *from_folder_of(const em_h5 *h5, const char *other, em_error *error)
{
    struct stat info;
    char *file = lstat(h5->path, &info) == 0 && S_ISLNK(info.st_mode) ? realpath(h5->path, NULL) : NULL;
    char *folder = em_folder(file ? file : h5->path, error), *path = NULL;
    if (folder && strcmp(folder, ".") == 0 && !strchr(h5->path, '/'))
        path = em_copy(other, error);
    else if (folder && (path = em_new(strlen(folder) + strlen(other) + 2, 1, error)))
        sprintf(path, "%s%s%s", folder, strcmp(folder, "/") == 0 ? "" : "/", other);
    free(file);
    free(folder);
    return path;
}

em_code em_h5_get_path(const em_h5 *h5, const char *name, char **other, em_error *error)
{
    em_code code = em_h5_get_text(h5, "/", name, other, error);
    if (code || (*other)[0] == '/')
        return code;
    char *path = from_folder_of(h5, *other, error);
    if (!path)
        return EM_MACHINE;
    free(*other);
    *other = path;
    return EM_OK;
}
