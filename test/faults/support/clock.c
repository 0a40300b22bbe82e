// A wall clock that a test can move, in a program that does not ask libc for it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Seconds to add. The test writes them into the file that this is mapped to. */
static volatile int64_t *shift;

static long ask_kernel(long clock, struct timespec *at) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(SYS_clock_gettime), "D"(clock), "S"(at)
                   : "rcx", "r11", "memory");
  return result;
}

/* Called on whatever stack the program is on: it may use no library. */
static int moved_clock_gettime(clockid_t clock, struct timespec *at) {
  long result = ask_kernel(clock, at);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    at->tv_sec += *shift;
  return (int)result;
}

/* A function of the piece of code that the kernel maps into every process. */
static ElfW(Addr) find(ElfW(Addr) base, const char *name) {
  const ElfW(Ehdr) *head = (void *)base;
  const ElfW(Phdr) *part = (void *)(base + head->e_phoff);
  const ElfW(Dyn) *dynamic = NULL;
  const ElfW(Sym) *symbols = NULL;
  const char *names = NULL;
  const uint32_t *hash = NULL;
  ElfW(Addr) load = base;
  for (int i = 0; i < head->e_phnum; i++) {
    if (part[i].p_type == PT_LOAD) load = base + part[i].p_offset - part[i].p_vaddr;
    if (part[i].p_type == PT_DYNAMIC) dynamic = (void *)(base + part[i].p_offset);
  }
  for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
    void *at = (void *)(load + dynamic->d_un.d_ptr);
    if (dynamic->d_tag == DT_SYMTAB) symbols = at;
    if (dynamic->d_tag == DT_STRTAB) names = at;
    if (dynamic->d_tag == DT_HASH) hash = at;
  }
  if (!symbols || !names || !hash) return 0;
  for (uint32_t i = 1; i < hash[1]; i++)
    if (symbols[i].st_value && strcmp(names + symbols[i].st_name, name) == 0)
      return load + symbols[i].st_value;
  return 0;
}

/* Overwrites the function's first bytes with a jump to ours. The kernel changes all pages or none. */
static void redirect(ElfW(Addr) base, ElfW(Addr) from, void *to) {
  const ElfW(Ehdr) *head = (void *)base;
  size_t size = (head->e_shoff + head->e_shnum * head->e_shentsize + 4095) & ~(size_t)4095;
  unsigned char jump[12] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};
  memcpy(jump + 2, &to, sizeof to);
  if (mprotect((void *)base, size, PROT_READ | PROT_WRITE | PROT_EXEC)) _exit(71);
  memcpy((void *)from, jump, sizeof jump);
  mprotect((void *)base, size, PROT_READ | PROT_EXEC);
}

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("MOVED_CLOCK_FILE");
  ElfW(Addr) code = getauxval(AT_SYSINFO_EHDR);
  int file = path ? open(path, O_RDONLY) : -1;
  if (file < 0 || !code) _exit(72);
  shift = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  ElfW(Addr) place = find(code, "__vdso_clock_gettime");
  if (shift == MAP_FAILED || !place) _exit(73);
  redirect(code, place, (void *)moved_clock_gettime);
}
