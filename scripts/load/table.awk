# Makes the table of what load.sh measured: a line a round of protocol, server, job, size, CPU µs a request.
# A job is a path, a method and a status. The ratios are to the server's own bare answer to this method, of the same protocol
# and size, in the same round; the table has the medians of all rounds.

BEGIN {
    FS = "\t"
    print "| protocol | server | job | size | server CPU a request, times bare |"
    print "| --- | --- | --- | --- | ---: |"
}

{
    row = $2 "\t" $3 "\t" $4 "\t" $5
    if (!(row in rounds)) {
        order[++rows] = row
    }
    round = ++rounds[row]
    cpu[row, round] = $6
}

END {
    for (i = 1; i <= rows; i++) {
        print_row(order[i])
    }
    print_claim("h1\taxum\tlooked-up GET 304\t64k", 0.5)
}

function print_claim(row, asked) {
    printf "\nMedians of %d rounds. A looked-up 304 of 64 KiB takes %.3f times the server CPU of the bare 200;" \
        " at most %s was asked for: %s.\n", rounds[row], times_cpu[row], asked,
        times_cpu[row] <= asked ? "held" : "missed"
}

# The bare answer to the same method.
function bare_of(cell) {
    return cell[1] "\t" cell[2] "\tbare " (cell[3] ~ / PUT / ? "PUT 204" : "GET 200") "\t" cell[4]
}

function print_row(row,    cell, bare, round, n, dearer) {
    split(row, cell, "\t")
    bare = bare_of(cell)
    n = rounds[row]
    for (round = 1; round <= n; round++) {
        dearer[round] = cpu[row, round] / cpu[bare, round]
    }
    times_cpu[row] = median(dearer, n)
    if (cell[3] !~ /^bare/) {
        printf "| %s | %s | %s | %s | %.2f |\n", cell[1], cell[2], cell[3], cell[4], times_cpu[row]
    }
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
