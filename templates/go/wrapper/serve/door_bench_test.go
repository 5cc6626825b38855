package serve

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"knative-lambda.local/lambda"
)

type sink struct{ h http.Header }

func (s *sink) Header() http.Header             { return s.h }
func (s *sink) Write(b []byte) (int, error)     { return len(b), nil }
func (s *sink) WriteHeader(int)                 {}
func (s *sink) SetReadDeadline(time.Time) error { return nil }

func BenchmarkDoor(b *testing.B) {
	c := config{tenant: "a", name: "b", timeout: time.Minute, bodyLimit: 1 << 20, level: infoLevel}
	l := newLogger(os.Stdout, c)
	life := &lifecycle{log: l, idle: make(chan struct{}, 1)}
	m := &metrics{}
	type data struct {
		Parameters struct {
			BlockID    string `json:"blockId"`
			LogIndices []int  `json:"logIndices"`
		} `json:"parameters"`
	}
	f := func(ctx context.Context, event lambda.Event) (any, error) {
		var d data
		if err := event.Decode(&d); err != nil {
			return nil, err
		}
		return map[string]any{"block": d.Parameters.BlockID, "logs": len(d.Parameters.LogIndices)}, nil
	}
	d := &door{c, l, m, newReplies(c), &executor{function: f, config: c, log: l, metrics: m, blocked: life.blocked, workers: newWorkers()}, life}
	body := []byte(`{"contextId":"ctx-1","parameters":{"blockId":"0x1b4","blockchainType":"EVM","logIndices":[1,2,3]}}`)
	h := http.Header{"Ce-Id": {"a3c1f0e2"}, "Ce-Source": {"network.notifi.acme-corp"}, "Ce-Type": {"network.notifi.lambda.parser.start"}, "Ce-Subject": {"price_feed"}, "Ce-Specversion": {"1.0"}, "Ce-Correlationid": {"c-1"}, "Ce-Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, "Content-Type": {"application/json"}, "Connection": {"keep-alive"}}
	b.ReportAllocs()
	for b.Loop() {
		r := &http.Request{Method: "POST", Header: h, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body))}
		d.ServeHTTP(&sink{http.Header{}}, r)
	}
}
