package serve

import (
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"time"
)

var (
	outcomeNames = []string{"complete", "empty", "failed", "error", "timeout", "undelivered", "rejected"}
	buckets      = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
)

// metrics are plain counters; labels are a closed set; nothing is invented between two scrapes.
type metrics struct {
	requests  [7]atomic.Int64
	counts    [16]atomic.Int64
	sum       atomic.Int64 // nanoseconds
	inFlight  atomic.Int64
	coldStart atomic.Uint64 // the bits of a float64
}

func (m *metrics) count(outcome outcomeKind) { m.requests[outcome].Add(1) }

func (m *metrics) began() { m.inFlight.Add(1) }

func (m *metrics) ended(took time.Duration) {
	m.inFlight.Add(-1)
	m.sum.Add(int64(took))
	row := 0
	for row < len(buckets) && took.Seconds() > buckets[row] {
		row++
	}
	m.counts[row].Add(1)
}

func (m *metrics) started(after time.Duration) { m.coldStart.Store(math.Float64bits(after.Seconds())) }

func (m *metrics) text() string {
	var text strings.Builder
	const requests, duration = "knative_lambda_function_requests_total", "knative_lambda_function_duration_seconds"
	head(&text, requests, "counter", "Events by what became of them.")
	for row, name := range outcomeNames {
		fmt.Fprintf(&text, "%s{outcome=%q} %d\n", requests, name, m.requests[row].Load())
	}
	head(&text, duration, "histogram", "Time the function took, in seconds.")
	total := int64(0)
	for row := range m.counts {
		bound := "+Inf"
		if row < len(buckets) {
			bound = fmt.Sprint(buckets[row])
		}
		total += m.counts[row].Load()
		fmt.Fprintf(&text, "%s_bucket{le=%q} %d\n", duration, bound, total)
	}
	fmt.Fprintf(&text, "%s_sum %v\n%s_count %d\n", duration, time.Duration(m.sum.Load()).Seconds(), duration, total)
	gauge(&text, "knative_lambda_function_in_flight", "Events in the function now.", m.inFlight.Load())
	gauge(&text, "knative_lambda_cold_start_duration_seconds", "From the start of the process until it listened, in seconds.",
		math.Float64frombits(m.coldStart.Load()))
	return text.String()
}

func head(text *strings.Builder, name, kind, says string) {
	fmt.Fprintf(text, "# HELP %s %s\n# TYPE %s %s\n", name, says, name, kind)
}

func gauge(text *strings.Builder, name, says string, value any) {
	head(text, name, "gauge", says)
	fmt.Fprintf(text, "%s %v\n", name, value)
}
