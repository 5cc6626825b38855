// Package serve is the process around a user's function: CloudEvents in, CloudEvents out.
package serve

import (
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"time"
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
	server := newServer(&door{config, log, metrics, newReplies(config), executor, lifecycle}, log)
	lifecycle.server = server
	listener, err := net.Listen("tcp", net.JoinHostPort(config.host, strconv.Itoa(config.port)))
	if err != nil {
		log.end("cannot listen", field{"error", err.Error()})
	}
	startup := sinceStart()
	metrics.started(startup)
	milliseconds := math.Ceil(startup.Seconds() * 1000)
	log.always(infoLevel, "listening", nil, field{"port", listener.Addr().(*net.TCPAddr).Port}, field{"startup_ms", milliseconds})
	err = server.Serve(listener)
	if err != http.ErrServerClosed {
		log.end("cannot listen", field{"error", err.Error()})
	}
	select {} // the lifecycle ends the process
}

func newServer(handler http.Handler, l *logger) *http.Server {
	return &http.Server{
		Handler: handler,
		// A request that does not arrive whole in this time never will.
		ReadTimeout: 60 * time.Second,
		// Longer than any proxy in front keeps an idle connection: the one who closes first must not be the one who is sent to.
		IdleTimeout:    120 * time.Second,
		MaxHeaderBytes: 16 * 1024,
		ErrorLog:       log.New(lineWriter{l, warnLevel, "http"}, "", 0),
	}
}
