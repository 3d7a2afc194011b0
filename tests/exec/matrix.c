/* Dense matrices in float, double and int; LU with pivoting; a stencil; a convolution: what the vectoriser
 * likes. */
#include <math.h>
#include <stdio.h>

enum { N = 48 };
static double a[N][N], b[N][N], c[N][N];
static float fa[N * N], fb[N * N];
static int ia[N][N], ic[N][N];
static unsigned char image[64][64], blurred[64][64];

static double determinant(double m[N][N]) {
    double result = 1;
    for (int k = 0; k < N; k++) {
        int pivot = k;
        for (int i = k + 1; i < N; i++)
            if (fabs(m[i][k]) > fabs(m[pivot][k]))
                pivot = i;
        if (pivot != k) {
            result = -result;
            for (int j = 0; j < N; j++) {
                double t = m[k][j];
                m[k][j] = m[pivot][j];
                m[pivot][j] = t;
            }
        }
        result *= m[k][k];
        for (int i = k + 1; i < N; i++) {
            double f = m[i][k] / m[k][k];
            for (int j = k; j < N; j++)
                m[i][j] -= f * m[k][j];
        }
    }
    return result;
}

int main(void) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (i * 7 + j * 13) % 17 - 8 + (i == j) * 20, b[i][j] = (i - j) % 5 * 0.25;
            fa[i * N + j] = (float)(i + j) * 0.5f, fb[i * N + j] = (float)(i ^ j);
            ia[i][j] = i * j % 11;
        }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double s = 0;
            for (int k = 0; k < N; k++)
                s += a[i][k] * b[k][j];
            c[i][j] = s;
        }
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++)
            for (int j = 0; j < N; j++)
                ic[i][j] += ia[i][k] * ia[k][j];
    double trace = 0;
    long itrace = 0;
    float dot = 0;
    for (int i = 0; i < N; i++)
        trace += c[i][i], itrace += ic[i][N - 1 - i];
    for (int i = 0; i < N * N; i++)
        dot += fa[i] * fb[i];
    printf("%.12g %ld %g\n", trace, itrace, dot);
    printf("%.10g\n", determinant(a));
    for (int i = 0; i < 64; i++)
        for (int j = 0; j < 64; j++)
            image[i][j] = (unsigned char)(i * i + j * 3);
    for (int pass = 0; pass < 3; pass++)
        for (int i = 1; i < 63; i++)
            for (int j = 1; j < 63; j++) {
                int s = 0;
                for (int y = -1; y <= 1; y++)
                    for (int x = -1; x <= 1; x++)
                        s += image[i + y][j + x] * (2 - (x != 0)) * (2 - (y != 0));
                blurred[i][j] = (unsigned char)(s / 16);
                image[i][j] = (unsigned char)(blurred[i][j] + (blurred[i][j] > 200 ? -100 : 3));
            }
    unsigned digest = 0;
    for (int i = 0; i < 64; i++)
        for (int j = 0; j < 64; j++)
            digest = digest * 131 + blurred[i][j];
    printf("%u\n", digest);
    short samples[200];
    int energy = 0;
    unsigned char saturated[200];
    for (int i = 0; i < 200; i++)
        samples[i] = (short)(i * 331 - 30000);
    for (int i = 0; i < 200; i++) {
        int v = samples[i] / 64 + 128;
        saturated[i] = (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
        energy += samples[i] * samples[i] >> 8;
    }
    for (int i = 0; i < 200; i += 9)
        printf("%d ", saturated[i]);
    printf("%d\n", energy);
    return 0;
}
