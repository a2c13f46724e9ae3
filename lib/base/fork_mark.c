/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the mark of a process. Refuses: handlers at fork, which would stay in the host when the library is unloaded. */
#define _DEFAULT_SOURCE /* madvise() */
#include "base/fork_mark.h"

#include "base/portable.h"
#include "base/sync.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#if MCI_LINUX && defined MADV_WIPEONFORK
static size_t page_size(void)
{
    long n = sysconf(_SC_PAGESIZE);
    return n > 0 ? (size_t)n : 4096;
}

static const volatile unsigned char *marked_page(void)
{
    size_t n = page_size();
    unsigned char *page = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    /* Refused before Linux 4.14; some emulators say yes to whatever they are asked, and do nothing. */
    if (madvise(page, n, -1) == 0 || madvise(page, n, MADV_WIPEONFORK) != 0) {
        (void)munmap(page, n);
        return NULL;
    }
    page[0] = 1;
    return page;
}

static void give_back(const volatile unsigned char *page)
{
    (void)munmap((void *)(uintptr_t)page, page_size());
}
#else
static const volatile unsigned char *marked_page(void)
{
    return NULL;
}

static void give_back(const volatile unsigned char *page)
{
    (void)page;
}
#endif

void mci_fork_mark_set(mci_fork_mark *m)
{
    m->process = mci_process_id();
    m->page = marked_page();
}

void mci_fork_mark_free(mci_fork_mark *m)
{
    if (m->page != NULL)
        give_back(m->page);
    m->page = NULL;
}

int mci_fork_mark_crossed(const mci_fork_mark *m)
{
    return m->page != NULL ? m->page[0] == 0 : m->process != mci_process_id();
}
