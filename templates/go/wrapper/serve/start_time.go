package serve

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"
)

// began and spent are taken as soon as Go runs this program's own code.
var (
	began = time.Now()
	spent = processorTime()
)

func processorTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// sinceStart is how long ago the process began. The kernel tells that in hundredths of a second only, so it is a lower bound,
// for a start that waited for its disk; else what passed since Go began, and the processor time before that, is closer.
func sinceStart() time.Duration {
	return max(time.Since(began)+spent, sinceKernelStart())
}

func sinceKernelStart() time.Duration {
	const ticksPerSecond, startTime = 100, 19
	text, err := os.ReadFile("/proc/self/stat")
	uptime, failed := os.ReadFile("/proc/uptime")
	if err != nil || failed != nil {
		return 0
	}
	// The name of the program stands in brackets and may hold anything.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) <= startTime {
		return 0
	}
	ticks, err := strconv.ParseFloat(string(fields[startTime]), 64)
	up, failed := strconv.ParseFloat(string(bytes.Fields(uptime)[0]), 64)
	if err != nil || failed != nil {
		return 0
	}
	since := up - ticks/ticksPerSecond - 2.0/ticksPerSecond // both are cut to hundredths
	return time.Duration(since * float64(time.Second))
}
