// Package serve is the process around a user's function: CloudEvents in, CloudEvents out.
package serve

import (
	"math"
	"net"
	"os"
	"runtime/debug"
	"strconv"

	"knative-lambda.local/lambda/http1"
)

const garbagePercent = 400

// Run serves the function until the process is told to stop. It does not return.
func Run(function Function) {
	// The heap of a function is small, and Go would collect its garbage every few milliseconds: some memory for that time.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	config := readConfig()
	log := newLogger(os.Stdout, config)
	if len(config.problems) > 0 {
		log.end("configuration is invalid", field{"problems", config.problems})
	}
	if err := captureOutput(log); err != nil {
		log.end("cannot capture the output", field{"error", err.Error()})
	}
	lifecycle := newLifecycle(log, config.drain)
	metrics := &metrics{}
	executor := &executor{
		function: function, config: config, log: log, metrics: metrics,
		scheduler: newScheduler(config, log), workers: newWorkers(), blocked: lifecycle.blocked,
	}
	door := &door{config, log, metrics, newReplies(config), executor, lifecycle}
	server := &http1.Server{
		Handle: door.handle, Refuse: door.refuseRequest, Stopping: lifecycle.stopping, BodyLimit: config.bodyLimit,
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(config.host, strconv.Itoa(config.port)))
	if err != nil {
		log.end("cannot listen", field{"error", err.Error()})
	}
	startup := sinceStart()
	metrics.started(startup)
	milliseconds := math.Ceil(startup.Seconds() * 1000)
	log.always(infoLevel, "listening", nil, field{"port", listener.Addr().(*net.TCPAddr).Port}, field{"startup_ms", milliseconds})
	err = server.Serve(listener)
	log.end("cannot listen", field{"error", err.Error()})
}
