# shellcheck shell=bash
# Sourced by the tests of the program: the data that several of them begin with.
# shellcheck disable=SC2154 # emlib is set by those tests

absent() { [ ! -e "$1" ]; }

# table.csv: six subjects, missing cells and all
make_table() {
    {
        echo "choice,subject,reward"
        for s in ann bob cem dot eve fay; do
            for t in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
                echo "$(((t * t + ${#s} + t / 7) % 2)),$s,$((t % 3 == 0))"
            done
        done
        echo "NA,ann,1"
        echo "1,bob,"
    } >table.csv
}
# data.h5: that table
make_data() {
    make_table
    check "$emlib" import table.csv -o data.h5 >data.txt
}
# sim.h5: 60 subjects with two learning rates
make_sim() {
    check "$emlib" simulate --model rw_dual --subjects 60 --trials 50 --seed 3 -o sim.h5 \
        --mu alpha_pos=0.3,alpha_neg=-1,beta=0.8 --var alpha_pos=1,alpha_neg=1,beta=0.3 >sim.txt
}
