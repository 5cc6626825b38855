package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"
)

type level int

const (
	debugLevel level = iota
	infoLevel
	warnLevel
	errorLevel
	fatalLevel
)

var levels = []string{"debug", "info", "warn", "error", "fatal"}

// field is one member of a line.
type field struct {
	name  string
	value any
}

// logger writes one JSON object per line on standard output. Nothing else writes there.
type logger struct {
	mutex  sync.Mutex
	file   *os.File
	lowest level
	base   []field
}

func newLogger(file *os.File, c config) *logger {
	return &logger{file: file, lowest: c.level, base: []field{{"third_party_id", c.tenant}, {"parser_id", c.name}}}
}

// say writes a line, unless its level is below what is wanted.
func (l *logger) say(at level, message string, ids []field, fields ...field) {
	if at >= l.lowest {
		l.always(at, message, ids, fields...)
	}
}

// always writes a line whatever the level. No field replaces an id, the level or the time.
func (l *logger) always(at level, message string, ids []field, fields ...field) {
	var line bytes.Buffer
	fmt.Fprintf(&line, `{"time":"%s","level":"%s"`, now(), levels[at])
	taken := map[string]bool{"time": true, "level": true}
	for _, group := range [][]field{{{"msg", message}}, ids, l.base, fields} {
		for _, one := range group {
			if !taken[one.name] {
				taken[one.name] = true
				line.WriteByte(',')
				line.Write(inJSON(one.name))
				line.WriteByte(':')
				line.Write(inJSON(one.value))
			}
		}
	}
	line.WriteString("}\n")
	l.mutex.Lock()
	defer l.mutex.Unlock()
	_, _ = l.file.Write(line.Bytes()) // nobody is left to tell
}

// end says why, and ends the process.
func (l *logger) end(message string, fields ...field) {
	l.always(fatalLevel, message, nil, fields...)
	os.Exit(1)
}

// inJSON writes a value whatever it is: what fields hold is the function's choice.
func inJSON(value any) (text []byte) {
	defer func() {
		if recover() != nil {
			text = []byte(`"[cannot be said in JSON]"`)
		}
	}()
	if err, is := value.(error); is {
		value = err.Error()
	}
	text, err := marshal(value)
	if err != nil {
		text, _ = json.Marshal(fmt.Sprint(value))
	}
	return text
}

// slogHandler is the logger that a function gets: log/slog in front, our lines behind.
type slogHandler struct {
	log    *logger
	ids    func() []field
	fields []field
	group  string
}

func (h slogHandler) Enabled(_ context.Context, at slog.Level) bool {
	return levelOf(at) >= h.log.lowest
}

func (h slogHandler) Handle(_ context.Context, record slog.Record) error {
	fields := h.fields[:len(h.fields):len(h.fields)]
	record.Attrs(func(attribute slog.Attr) bool {
		fields = h.flatten(fields, h.group, attribute)
		return true
	})
	h.log.say(levelOf(record.Level), record.Message, h.ids(), fields...)
	return nil
}

func (h slogHandler) flatten(fields []field, prefix string, attribute slog.Attr) []field {
	value := attribute.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if attribute.Key != "" {
			prefix += attribute.Key + "."
		}
		for _, member := range value.Group() {
			fields = h.flatten(fields, prefix, member)
		}
		return fields
	}
	return append(fields, field{prefix + attribute.Key, value.Any()})
}

func (h slogHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	h.fields = h.fields[:len(h.fields):len(h.fields)]
	for _, attribute := range attributes {
		h.fields = h.flatten(h.fields, h.group, attribute)
	}
	return h
}

func (h slogHandler) WithGroup(name string) slog.Handler {
	h.group += name + "."
	return h
}

func levelOf(at slog.Level) level {
	switch {
	case at < slog.LevelInfo:
		return debugLevel
	case at < slog.LevelWarn:
		return infoLevel
	case at < slog.LevelError:
		return warnLevel
	}
	return errorLevel
}
