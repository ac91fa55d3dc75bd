# The distributions of the offsets, idle above and loaded below. $curves, and in `idle` and `loaded`
# how many of them there are, come from picture.py.
set terminal svg size 960,760 dynamic font "sans,13" background "white"
set multiplot layout 2,1
set xrange [-6:6]
set yrange [0:100]
set xlabel "offset error, us"
set ylabel "% of measurements below"
set grid
set key outside right top Left reverse
set style line 1 lw 2 lc rgb "#0072b2"
set style line 2 lw 2 lc rgb "#009e73"
set style line 3 lw 1 lc rgb "#56b4e9"
set style line 4 lw 1 lc rgb "#999999"
set style line 5 lw 1 lc rgb "#e69f00"
set style line 6 lw 1 lc rgb "#cc79a7"
set title "idle"
plot for [i=0:idle - 1] $curves index i using 1:2 with lines ls i + 1 title columnheader(1)
set title "loaded"
plot for [i=0:loaded - 1] $curves index idle + i using 1:2 with lines ls i + 1 title columnheader(1)
unset multiplot
