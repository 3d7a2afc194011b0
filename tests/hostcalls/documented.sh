#!/bin/bash
# Each hostcall of hostcall.h and zygote.h has its entry in docs/hostcalls.md, once, and each entry is a hostcall.
headers="include/orc/hostcall.h include/orc/zygote.h"
page=docs/hostcalls.md
numbered=$(sed -n 's/^#define ORC_\([A-Z_]*\) *[0-9]* *\/\* *(.*/ORC_\1/p; s/^#define ORC_WRITE_VECTOR .*/ORC_WRITE_VECTOR/p' $headers | sort -u)
documented=$(sed -n 's/^| `\(ORC_[A-Z_]*\)` |.*/\1/p' "$page" | sort)
missing=$(comm -23 <(echo "$numbered") <(echo "$documented" | uniq))
unknown=$(comm -13 <(echo "$numbered") <(echo "$documented" | uniq))
twice=$(echo "$documented" | uniq -d)
count=$(echo "$numbered" | wc -l)
echo 1..2
result=ok
[ "$count" -ge 79 ] || result="not ok"
echo "$result 1 - $headers name $count hostcalls"
result=ok
[ -z "$missing$unknown$twice" ] || result="not ok"
echo "$result 2 - $page has an entry for each"
[ -z "$missing" ] || echo "# missing:" $missing
[ -z "$unknown" ] || echo "# not in the header:" $unknown
[ -z "$twice" ] || echo "# twice:" $twice
[ "$result" = ok ]
