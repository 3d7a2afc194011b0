/* orc-cc: a C compiler driver whose code stays in its compartment. It takes clang's options; for each source
 * it runs clang with the project's pass, the rewriter and the assembler, and links with orc-ld. */
#include "options.h"
#include "stages.h"

#include "../common/tool.h"

int main(int argc, char **argv) {
    struct arguments command_line = {0};
    struct options options = {.mode = MODE_LINK};
    tool_begin("orc-cc");
    arguments_expand(&command_line, argc, argv);
    parse_options(&options, &command_line);
    return run_stages(&options);
}
