/* Under AddressSanitizer: hostcalls run on another stack than the host thread's, where its fake stack gets
 * lost. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void) {
    return "detect_stack_use_after_return=0";
}
#endif
#endif
typedef int not_an_empty_file;
