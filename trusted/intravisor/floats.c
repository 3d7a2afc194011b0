/* What C has to do with guests' floating-point modes: see floats.h. */
#include "floats.h"

static uint32_t get_mxcsr(void) {
    uint32_t value;
    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}

static void set_mxcsr(uint32_t value) {
    __asm__ volatile("ldmxcsr %0" : : "m"(value));
}

static void set_x87_control(uint16_t value) {
    __asm__ volatile("fldcw %0" : : "m"(value));
}

void floats_keep(struct orc_thread *thread) {
    struct x87_environment *x87 = &thread->guest_x87;
    if (!(thread->modes & FLOAT_SSE))
        thread->guest_mxcsr = get_mxcsr();
    if (!(thread->modes & FLOAT_X87))
        __asm__ volatile("fnstcw %0" : "=m"(x87->control));
    if (!(thread->modes & FLOAT_UNMASKED)) /* else the gate has stored all of it */
        __asm__ volatile("fnstsw %0" : "=m"(x87->status));
}

void floats_inherit(struct orc_thread *thread, const struct orc_thread *from) {
    floats_set(thread, from->modes | FLOAT_LOAD);
    thread->guest_mxcsr = from->guest_mxcsr;
    thread->guest_x87 = (struct x87_environment){
        .control = from->guest_x87.control,
        .status = from->guest_x87.status & X87_STATUS_BITS & ~X87_STATUS_TOP,
        .tags = 0xffff, /* an empty stack, as at any call */
    };
}

void floats_of_host(void) {
    __asm__ volatile("fninit");
    set_mxcsr(MXCSR_DEFAULT);
}

uint32_t mxcsr_reserved(void) {
    _Alignas(16) uint32_t area[512 / sizeof(uint32_t)];
    __asm__ volatile("fxsave %0" : "=m"(area));
    uint32_t mask = area[7] ? area[7] : 0xffbf; /* MXCSR_MASK; zero stands for that */
    return ~(mask & 0xffff);
}

void floats_leave_guest(struct floats *floats) {
    uint64_t here = (uint64_t)__builtin_frame_address(0);
    const struct orc_thread *thread = region_thread(here);
    floats->kept = thread && here >= thread->control_stack; /* only hostcalls run there */
    if (!floats->kept)
        return;
    floats->mxcsr = get_mxcsr();
    set_mxcsr(thread->mxcsr);
    __asm__ volatile("fnsave %0" : "=m"(floats->x87)); /* and as fninit */
    set_x87_control(thread->x87_control);
}

void floats_back_to_guest(const struct floats *floats) {
    if (!floats->kept)
        return;
    __asm__ volatile("fninit\n\tfrstor %0" : : "m"(floats->x87));
    set_mxcsr(floats->mxcsr);
}
