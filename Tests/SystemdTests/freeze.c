// usage: freeze PID NAME
//
// Stops every thread of PID whose name begins with NAME, as a debugger would, and holds them until they are killed: so a test
// makes an inference hang while the rest of the process goes on. It says how many there are once they stand still.

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 3) return 64;
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/task", argv[1]);
    DIR *tasks = opendir(path);
    if (!tasks) return perror(path), 1;
    int frozen = 0;
    for (struct dirent *entry; (entry = readdir(tasks));) {
        int thread = atoi(entry->d_name);
        if (thread <= 0) continue;
        char file[128], name[32] = "";
        snprintf(file, sizeof file, "%s/%d/comm", path, thread);
        FILE *comm = fopen(file, "r");
        if (!comm) continue;
        if (!fgets(name, sizeof name, comm)) name[0] = 0;
        fclose(comm);
        if (strncmp(name, argv[2], strlen(argv[2])) != 0) continue;
        int status;
        if (ptrace(PTRACE_SEIZE, thread, 0, 0) || ptrace(PTRACE_INTERRUPT, thread, 0, 0)) return perror("ptrace"), 1;
        if (waitpid(thread, &status, __WALL) != thread) return perror("waitpid"), 1;
        frozen++;
    }
    closedir(tasks);
    printf("%d\n", frozen);
    fclose(stdout);
    // Their end is ours to hear of: until then the process would not be gone.
    while (waitpid(-1, NULL, __WALL) > 0) continue;
    return 0;
}
