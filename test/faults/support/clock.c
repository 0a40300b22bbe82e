/*
 * Runs a program whose time of day a test can move: clock FILE PROGRAM [ARGUMENT...]
 *
 * FILE holds the seconds to add, as eight bytes, and may change at any time. The program may be
 * linked statically, and need not ask libc for the time: the code for it that the kernel maps into
 * every process is replaced, before the program's first instruction.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What replaces it: asks the kernel, and adds to CLOCK_REALTIME (0) and CLOCK_REALTIME_COARSE (5). */
__asm__(".data\n"
        ".balign 16\n"
        "moved_begin:\n"
        "  mov $228, %eax\n" /* clock_gettime */
        "  syscall\n"
        "  test %eax, %eax\n"
        "  jne 2f\n"
        "  test %edi, %edi\n"
        "  je 1f\n"
        "  cmp $5, %edi\n"
        "  jne 2f\n"
        "1: mov moved_shift(%rip), %rcx\n"
        "  add %rcx, (%rsi)\n"
        "2: ret\n"
        ".balign 8\n"
        "moved_shift: .quad 0\n"
        "moved_end:\n"
        ".text\n");
extern const char moved_begin[], moved_shift[], moved_end[];

/* Where the kernel has put its code in a process. */
static uint64_t find_code(pid_t pid) {
  char path[64];
  Elf64_auxv_t entry;
  uint64_t found = 0;
  snprintf(path, sizeof path, "/proc/%d/auxv", pid);
  FILE *entries = fopen(path, "r");
  if (!entries) err(71, "%s", path);
  while (!found && fread(&entry, sizeof entry, 1, entries) == 1)
    if (entry.a_type == AT_SYSINFO_EHDR) found = entry.a_un.a_val;
  fclose(entries);
  return found;
}

/* Offset of a function in that code, which is a shared library of two pages. */
static uint64_t find_function(const char *image, const char *name, size_t size) {
  const Elf64_Ehdr *head = (const void *)image;
  const Elf64_Shdr *parts = (const void *)(image + head->e_shoff);
  for (int i = 0; i < head->e_shnum; i++) {
    if (parts[i].sh_type != SHT_DYNSYM) continue;
    const Elf64_Sym *symbols = (const void *)(image + parts[i].sh_offset);
    const char *names = image + parts[parts[i].sh_link].sh_offset;
    for (size_t j = 0; j < parts[i].sh_size / sizeof *symbols; j++)
      if (strcmp(names + symbols[j].st_name, name) == 0 && symbols[j].st_size >= size)
        return symbols[j].st_value;
  }
  return 0;
}

/* Replaces the function in a stopped process. Returns where the seconds stand. */
static uint64_t replace(pid_t pid, int memory) {
  static char image[16 * 4096];
  uint64_t base = find_code(pid);
  if (!base || pread(memory, image, sizeof image, base) < 4096) errx(72, "no code of the kernel");
  size_t size = moved_end - moved_begin;
  uint64_t function = find_function(image, "__vdso_clock_gettime", size);
  if (!function) errx(73, "no clock_gettime in the kernel's code");
  if (pwrite(memory, moved_begin, size, base + function) != (ssize_t)size)
    err(74, "the kernel's code cannot be written");
  return base + function + (moved_shift - moved_begin);
}

/* Writes the seconds into the process when they have changed. Returns 0 when it has ended. */
static int set(int memory, uint64_t place, int file) {
  static int64_t now;
  int64_t wanted;
  if (pread(file, &wanted, sizeof wanted, 0) != sizeof wanted || wanted == now) return 1;
  now = wanted;
  return pwrite(memory, &now, sizeof now, place) == sizeof now;
}

/* Waits for the process to begin its program, and keeps its clock until it has ended. */
static void keep_clock(pid_t pid, int file) {
  char path[64];
  int status;
  /* Until the stop that stands for the beginning of a program. Its signals are handed on. */
  for (;;) {
    if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
      errx(76, "the program did not begin");
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) break;
    ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status));
  }
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  int memory = open(path, O_RDWR);
  if (memory < 0) err(77, "%s", path);
  uint64_t place = replace(pid, memory);
  set(memory, place, file);
  struct pollfd end = {.fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
  if (end.fd < 0) err(78, "pidfd_open");
  if (ptrace(PTRACE_DETACH, pid, 0, 0)) err(79, "the program cannot be let go");
  /* Whoever reads what the program writes waits until all have closed it. */
  for (int i = 0; i < 3; i++) close(i);
  while (poll(&end, 1, 5) == 0 && set(memory, place, file))
    ;
}

int main(int count, char **words) {
  if (count < 3) errx(64, "usage: clock FILE PROGRAM [ARGUMENT...]");
  int ready[2], file = open(words[1], O_RDONLY | O_CLOEXEC);
  if (file < 0) err(65, "%s", words[1]);
  if (pipe2(ready, O_CLOEXEC)) err(66, "pipe");
  pid_t program = getpid();
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  pid_t child = fork();
  if (child < 0) err(67, "fork");
  if (child == 0) {
    /* Nobody's child, so that the program has none that it does not know. */
    if (fork() != 0) _exit(0);
    if (ptrace(PTRACE_SEIZE, program, 0, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL))
      err(68, "the program cannot be traced");
    if (write(ready[1], "r", 1) != 1) err(69, "pipe");
    close(ready[1]);
    keep_clock(program, file);
    return 0;
  }
  char go;
  waitpid(child, NULL, 0);
  close(ready[1]);
  if (read(ready[0], &go, 1) != 1) errx(70, "its clock cannot be moved");
  execvp(words[2], words + 2);
  err(127, "%s", words[2]);
}
