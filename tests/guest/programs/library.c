/* A walk through the C library. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <complex.h>
#include <ctype.h>
#include <errno.h>
#include <fenv.h>
#include <float.h>
#include <fnmatch.h>
#include <iconv.h>
#include <inttypes.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <netdb.h>
#include <regex.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

static void numbers(void) {
    static const double values[] = {0.1, 1e300, -2.5, 1.0 / 3, 123456789.125, 5e-324, 0};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        printf("%.17g %a %e %.3f %Lg\n", values[i], values[i], values[i], values[i], (long double)values[i]);
    printf("%d %ld %lld %u %x %o %#x %+d %05d %-5d| %'d\n", -1, LONG_MIN, LLONG_MAX, UINT_MAX, 0xbeef, 8, 255, 3, 42, 42, 7);
    printf("%s %10s %-10s| %.2s %c %% %p\n", "text", "right", "left", "cut", 'x', (void *)0x1234);
    printf("%" PRIu64 " %zu %jd %hhd\n", UINT64_MAX, sizeof(long), (intmax_t)-5, 300);
    printf("%g %g %ld %lu\n", strtod("1.25e3xyz", NULL), strtod("0x1.8p1", NULL), strtol("-0777", NULL, 0),
           strtoul("ffffffff", NULL, 16));
    errno = 0;
    long huge = strtol("99999999999999999999", NULL, 10);
    printf("%d %d\n", huge == LONG_MAX, errno == ERANGE);
    int a, b;
    char word[20];
    double d;
    printf("%d: ", sscanf("12 words 0x1f 3.5", "%d %19s %x %lf", &a, word, (unsigned *)&b, &d));
    printf("%d %s %d %g\n", a, word, b, d);
}

static void mathematics(void) {
    printf("%.15g %.15g %.15g %.15g\n", sin(1), cos(2), tan(3), atan2(1, 2));
    printf("%.15g %.15g %.15g %.15g\n", exp(1.5), log(10), pow(2, 0.5), cbrt(27));
    printf("%.15g %.15g %.15g %.15g\n", tgamma(5.5), lgamma(10), erf(0.5), hypot(3, 4));
    printf("%.15Lg %.15Lg %.15Lg\n", sinl(1), expl(1), logl(7));
    printf("%g %g %g %g %ld\n", floor(-1.5), ceil(-1.5), round(2.5), rint(2.5), lrint(3.5));
    printf("%g %g %g %g\n", fmod(7, 3), remainder(7, 4), fma(2, 3, 4), nextafter(1, 2) - 1);
    printf("%d %d %d\n", isnan(NAN), isinf(INFINITY), fpclassify(1e-310) == FP_SUBNORMAL);
    double complex z = csqrt(-4 + 0 * I);
    printf("%g %g\n", creal(z), cimag(z));
    int exponent;
    double whole, fraction = frexp(48, &exponent);
    printf("%g %d %g %g\n", fraction, exponent, modf(3.75, &whole), whole);
}

static int by_number(const void *left, const void *right) {
    return *(const int *)left - *(const int *)right;
}

static void texts(void) {
    char text[64] = "one,two;three", *save;
    for (char *word = strtok_r(text, ",;", &save); word; word = strtok_r(NULL, ",;", &save))
        printf("<%s>", word);
    printf(" %d %d %s\n", strcmp("a", "b") < 0, strcasecmp("ABC", "abc"), strstr("haystack", "st"));
    printf("%zu %s %d\n", strspn("aabc", "ab"), (char *)memmem("abcdef", 6, "cd", 2), memcmp("x", "x", 1));
    int numbers[] = {5, 3, 9, 1, 7};
    qsort(numbers, 5, sizeof *numbers, by_number);
    int wanted = 7, *found = bsearch(&wanted, numbers, 5, sizeof *numbers, by_number);
    printf("%d %d %d at %td\n", numbers[0], numbers[2], numbers[4], found - numbers);
    printf("%d %d\n", fnmatch("*.c", "file.c", 0), fnmatch("a?[b-d]", "axc", 0));
    printf("%d%d%d %c\n", !!isalpha('a'), !!isdigit('a'), !!isspace(' '), toupper('q'));
    printf("%s\n", strerror(ENOENT));
    char *made;
    if (asprintf(&made, "%s-%d", "made", 5) > 0)
        puts(made);
    free(made);
}

static void wide(void) {
    setlocale(LC_ALL, "C.UTF-8");
    wchar_t text[32];
    size_t length = mbstowcs(text, "gr\xc3\xb6\xc3\x9f" "e \xe2\x82\xac", 32);
    printf("%zu %x %x %d\n", length, text[2], text[6], iswalpha(text[2]) != 0);
    char back[32];
    printf("%zu %s\n", wcstombs(back, text, sizeof back), back);
    printf("%ls %lc\n", L"wide", (wint_t)L'\u00e9');
    printf("%s %s\n", nl_langinfo(CODESET), localeconv()->decimal_point);
    iconv_t converter = iconv_open("UTF-16BE", "UTF-8");
    char in[] = "\xe2\x82\xac!", out[8], *from = in, *to = out;
    size_t in_left = 4, out_left = 8;
    iconv(converter, &from, &in_left, &to, &out_left);
    printf("%02x%02x%02x%02x %zu\n", out[0] & 255, out[1] & 255, out[2] & 255, out[3] & 255, out_left);
    iconv_close(converter);
}

static void patterns(void) {
    regex_t regex;
    regmatch_t match[3];
    printf("%d ", regcomp(&regex, "([a-z]+)@([a-z.]+)", REG_EXTENDED));
    printf("%d ", regexec(&regex, "to: some@host.example!", 3, match, 0));
    printf("%d-%d %d-%d\n", (int)match[1].rm_so, (int)match[1].rm_eo, (int)match[2].rm_so, (int)match[2].rm_eo);
    printf("%d\n", regexec(&regex, "nothing", 0, NULL, 0) == REG_NOMATCH);
    regfree(&regex);
    printf("%d\n", regcomp(&regex, "(", REG_EXTENDED) != 0);
}

static void times(void) {
    time_t moment = 1000000000;
    struct tm parts;
    char text[64];
    gmtime_r(&moment, &parts);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %a %j", &parts);
    puts(text);
    strptime("2020-02-29 12:00:00", "%Y-%m-%d %H:%M:%S", &parts);
    printf("%ld\n", (long)timegm(&parts));
    struct timespec first, second;
    clock_gettime(CLOCK_MONOTONIC, &first);
    usleep(10000);
    clock_gettime(CLOCK_MONOTONIC, &second);
    long spent = (second.tv_sec - first.tv_sec) * 1000000 + (second.tv_nsec - first.tv_nsec) / 1000;
    printf("slept %d, since 2020: %d\n", spent >= 10000 && spent < 2000000, time(NULL) > 1577836800);
}

static void names(void) {
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *result;
    char text[64];
    int status = getaddrinfo("192.0.2.7", "80", &hints, &result);
    printf("%d ", status);
    if (!status) {
        struct sockaddr_in *address = (struct sockaddr_in *)result->ai_addr;
        printf("%s %d\n", inet_ntop(AF_INET, &address->sin_addr, text, sizeof text), ntohs(address->sin_port));
        freeaddrinfo(result);
    }
    struct in6_addr six;
    printf("%d %s\n", inet_pton(AF_INET6, "2001:db8::1", &six), inet_ntop(AF_INET6, &six, text, sizeof text));
    printf("%s\n", gai_strerror(EAI_NONAME));
}

static void others(void) {
    srand(1);
    int first = rand();
    srand(1);
    printf("%d\n", first == rand());
    struct hsearch_data table = {0};
    ENTRY item = {.key = "key", .data = "data"}, *found;
    hcreate_r(10, &table);
    hsearch_r(item, ENTER, &found, &table);
    item.data = NULL;
    printf("%s\n", hsearch_r(item, FIND, &found, &table) ? (char *)found->data : "none");
    hdestroy_r(&table);
    FILE *stream = fmemopen("line one\nline two\n", 18, "r");
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stream) > 0)
        printf("got %s", line);
    free(line);
    fclose(stream);
    stream = open_memstream(&line, &size);
    fprintf(stream, "%d+%d", 1, 2);
    fclose(stream);
    printf("%s %zu\n", line, size);
    free(line);
    printf("%s\n", getenv("NO_SUCH") ? "?" : "unset");
    char option_text[] = "-a", argument[] = "-bvalue", name[] = "program";
    char *arguments[] = {name, option_text, argument, NULL};
    for (int option; (option = getopt(3, arguments, "ab:")) != -1;)
        printf("%c%s ", option, optarg ? optarg : "");
    putchar('\n');
    printf("%d\n", fegetround() == FE_TONEAREST);
}

int main(void) {
    numbers();
    mathematics();
    texts();
    wide();
    patterns();
    times();
    names();
    others();
    fputs("to standard error\n", stderr);
    return 0;
}
