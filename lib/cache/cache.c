/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: lists of operations: adding, and dropping what nobody took. Refuses: running them. */
#include "cache/cache.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX ((size_t)256 << 20)

void mci_ops_init(mci_ops *ops)
{
    memset(ops, 0, sizeof *ops);
    mci_arena_init(&ops->arena, OUTPUT_MAX);
}

static mci_found *found_of(mci_op *op)
{
    switch (op->kind) {
    case MCI_OP_VALUE_READ:
        return &op->u.value_read.found;
    case MCI_OP_VALUE_ACQUIRE:
        return &op->u.acquire.found;
    default:
        return NULL;
    }
}

void mci_ops_free(mci_ops *ops)
{
    for (size_t i = 0; i < ops->n; i++) {
        const mci_found *f = found_of(&ops->op[i]);
        if (f != NULL)
            mci_doc_unref(f->doc);
    }
    free(ops->op);
    mci_arena_free(&ops->arena);
    *ops = (mci_ops){0};
}

mci_op *mci_ops_add(mci_ops *ops, mci_op_kind kind)
{
    if (ops->n == ops->cap) {
        size_t cap = ops->cap == 0 ? 4 : ops->cap * 2;
        mci_op *op = realloc(ops->op, cap * sizeof *op);
        if (op == NULL) {
            ops->failed = 1;
            ops->spare = (mci_op){.kind = kind};
            return &ops->spare;
        }
        ops->op = op;
        ops->cap = cap;
    }
    mci_op *op = &ops->op[ops->n++];
    memset(op, 0, sizeof *op);
    op->kind = kind;
    return op;
}

mc_error *mci_op_why(mci_ops *ops, mci_op *op)
{
    mc_error *why = mci_arena_alloc(&ops->arena, sizeof *why);
    if (why != NULL)
        *why = (mc_error){0};
    op->why = why;
    return why;
}

mc_status mci_op_error(const mci_op *op, mc_error *err)
{
    if (op->status != MC_OK && op->why != NULL && err != NULL)
        *err = *op->why;
    return op->status;
}

const mci_set *mci_op_set(const mci_op *op)
{
    switch (op->kind) {
    case MCI_OP_SET_READ:
        return op->u.set_read.set;
    case MCI_OP_SET_ANNOUNCE:
        return op->u.set_announce.set;
    case MCI_OP_SET_SETTLE:
        return op->u.set_settle.set;
    case MCI_OP_SET_TELL:
        return op->u.set_tell.set;
    case MCI_OP_SET_LEASE:
        return op->u.set_lease.set;
    case MCI_OP_SET_REPAIR:
        return op->u.set_repair.set;
    case MCI_OP_SET_RAISE:
        return op->u.set_raise.set;
    case MCI_OP_SET_FORGET:
        return op->u.set_forget.set;
    case MCI_OP_BUILD_BEGIN:
        return op->u.build_begin.set;
    case MCI_OP_BUILD_PAGE:
        return op->u.build_page.set;
    case MCI_OP_BUILD_SWAP:
        return op->u.build_swap.set;
    case MCI_OP_BUILD_LEAVE:
        return op->u.build_leave.set;
    case MCI_OP_COUNTER_ADD:
        return op->u.counter_add.set;
    case MCI_OP_COUNTER_PAGE:
        return op->u.counter_page.set;
    case MCI_OP_COUNTER_CLEAR:
        return op->u.counter_clear.set;
    default:
        return NULL;
    }
}
