/* What a disk holds for certain: every file under POWER_SHIM_FROM whose name begins with POWER_SHIM_NAME has a twin under
 * POWER_SHIM_TO that takes over what was written only when the file is synced. After a power cut the twins are what is left, in the
 * worst case: nothing that was not synced has reached the disk. Files that were removed keep no twin.
 *
 *     cc -shared -fPIC -o power_shim.so power_shim.c -ldl -lpthread
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 1024
#define RANGES 65536

struct range { off64_t from, to; };
struct kept { char twin[512]; struct range *dirty; int many; int whole; };

static struct kept *files[FILES];
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

/* One record a path, shared by all who have it open. */
static struct kept *known[64];

static void opened(int file, const char *path) {
    const char *from = getenv("POWER_SHIM_FROM"), *to = getenv("POWER_SHIM_TO"), *name = getenv("POWER_SHIM_NAME");
    if (file < 0 || file >= FILES || !from || !to || !name) return;
    size_t length = strlen(from);
    if (strncmp(path, from, length) || path[length] != '/') return;
    const char *rest = path + length + 1;
    size_t ends = strlen(rest);
    if (strncmp(rest, name, strlen(name)) || strchr(rest, '/') || (ends > 4 && !strcmp(rest + ends - 4, "-shm"))) return;
    char twin[512];
    snprintf(twin, sizeof twin, "%s/%s", to, rest);
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 64; i++) {
        if (!known[i]) {
            known[i] = calloc(1, sizeof(struct kept));
            known[i]->dirty = calloc(RANGES, sizeof(struct range));
            strcpy(known[i]->twin, twin);
        }
        if (!strcmp(known[i]->twin, twin)) { files[file] = known[i]; break; }
    }
    pthread_mutex_unlock(&gate);
}

static void wrote(int file, off64_t from, off64_t length) {
    if (file < 0 || file >= FILES || !files[file] || length <= 0) return;
    pthread_mutex_lock(&gate);
    struct kept *it = files[file];
    if (it->many == RANGES) it->whole = 1;
    else if (it->many && it->dirty[it->many - 1].to == from) it->dirty[it->many - 1].to = from + length;
    else it->dirty[it->many++] = (struct range){from, from + length};
    pthread_mutex_unlock(&gate);
}

static void synced(int file) {
    if (file < 0 || file >= FILES || !files[file]) return;
    pthread_mutex_lock(&gate);
    struct kept *it = files[file];
    struct stat64 now;
    int twin = REAL(open64)(it->twin, O_RDWR | O_CREAT, 0600);
    if (twin >= 0 && !fstat64(file, &now)) {
        static char part[1 << 16];
        if (it->whole) { it->dirty[0] = (struct range){0, now.st_size}; it->many = 1; }
        for (int i = 0; i < it->many; i++)
            for (off64_t at = it->dirty[i].from; at < it->dirty[i].to;) {
                off64_t left = it->dirty[i].to - at;
                ssize_t got = pread64(file, part, left < (off64_t)sizeof part ? (size_t)left : sizeof part, at);
                if (got <= 0 || REAL(pwrite64)(twin, part, (size_t)got, at) != got) break;
                at += got;
            }
        if (REAL(ftruncate64)(twin, now.st_size)) perror("power_shim");
    }
    if (twin >= 0) close(twin);
    it->many = it->whole = 0;
    pthread_mutex_unlock(&gate);
}

#define OPEN(name)                                                   \
    int name(const char *path, int flags, ...) {                     \
        va_list more;                                                \
        va_start(more, flags);                                       \
        mode_t mode = (flags & O_CREAT) ? va_arg(more, mode_t) : 0;  \
        va_end(more);                                                \
        int file = REAL(name)(path, flags, mode);                    \
        opened(file, path);                                          \
        return file;                                                 \
    }
OPEN(open)
OPEN(open64)

int close(int file) {
    if (file >= 0 && file < FILES) files[file] = NULL;
    return REAL(close)(file);
}

ssize_t pwrite(int file, const void *what, size_t length, off_t at) {
    ssize_t done = REAL(pwrite)(file, what, length, at);
    wrote(file, at, done);
    return done;
}

ssize_t pwrite64(int file, const void *what, size_t length, off64_t at) {
    ssize_t done = REAL(pwrite64)(file, what, length, at);
    wrote(file, at, done);
    return done;
}

ssize_t write(int file, const void *what, size_t length) {
    off64_t at = (file >= 0 && file < FILES && files[file]) ? lseek64(file, 0, SEEK_CUR) : 0;
    ssize_t done = REAL(write)(file, what, length);
    wrote(file, at, done);
    return done;
}

int fsync(int file) {
    int result = REAL(fsync)(file);
    if (!result) synced(file);
    return result;
}

int fdatasync(int file) {
    int result = REAL(fdatasync)(file);
    if (!result) synced(file);
    return result;
}

int unlink(const char *path) {
    const char *from = getenv("POWER_SHIM_FROM"), *to = getenv("POWER_SHIM_TO"), *name = getenv("POWER_SHIM_NAME");
    int result = REAL(unlink)(path);
    if (!result && from && to && name && !strncmp(path, from, strlen(from)) && path[strlen(from)] == '/' &&
        !strncmp(path + strlen(from) + 1, name, strlen(name))) {
        char twin[512];
        snprintf(twin, sizeof twin, "%s/%s", to, path + strlen(from) + 1);
        REAL(unlink)(twin);
    }
    return result;
}
