# Makes the table of what load.sh measured: a line a round of server, job, size, requests a second, CPU µs a request.
# The ratios are to the server's own bare 200 of the same size in the same round, and the medians of all rounds.

BEGIN {
    FS = "\t"
    BARE = "bare 200"
    print "| server | job | size | requests/s | times bare | server CPU µs a request | times bare |"
    print "| --- | --- | --- | ---: | ---: | ---: | ---: |"
}

{
    row = $2 "\t" $3 "\t" $4
    if (!(row in rounds)) {
        order[++rows] = row
    }
    round = ++rounds[row]
    rate[row, round] = $5
    cpu[row, round] = $6
}

END {
    for (i = 1; i <= rows; i++) {
        print_row(order[i])
    }
    print_claim("axum\tlooked-up 304\t64k", 0.5)
}

function print_claim(row, asked) {
    printf "\nMedians of %d rounds. A looked-up 304 of 64 KiB takes %.3f times the server CPU of the bare 200;" \
        " at most %s was asked for: %s.\n", rounds[row], times_cpu[row], asked,
        times_cpu[row] <= asked ? "held" : "missed"
}

function print_row(row,    cell, bare, round, n, rates, cpus, faster, dearer) {
    split(row, cell, "\t")
    bare = cell[1] "\t" BARE "\t" cell[3]
    n = rounds[row]
    for (round = 1; round <= n; round++) {
        rates[round] = rate[row, round]
        cpus[round] = cpu[row, round]
        faster[round] = rate[row, round] / rate[bare, round]
        dearer[round] = cpu[row, round] / cpu[bare, round]
    }
    times_cpu[row] = median(dearer, n)
    printf "| %s | %s | %s | %.0f | %.2f | %.1f | %.2f |\n", cell[1], cell[2], cell[3],
        median(rates, n), median(faster, n), median(cpus, n), times_cpu[row]
}

function median(values, n,    i, j, value) {
    for (i = 2; i <= n; i++) {
        value = values[i]
        for (j = i - 1; j >= 1 && values[j] > value; j--) {
            values[j + 1] = values[j]
        }
        values[j + 1] = value
    }
    return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
}
