package serve

import (
	"bufio"
	"bytes"
	"io"
	"log"
	"log/slog"
	"os"
)

// longestLine is where a line without an end is cut, so that a function that never ends one costs no memory.
const longestLine = 64 * 1024

// captureOutput turns what the function prints into JSON lines. Go cannot tell which event a printed line belongs to; the
// logger of the event can. The packages log and log/slog write at once: the last words before log.Fatal must not be lost.
func captureOutput(l *logger) error {
	for _, stream := range []struct {
		file  **os.File
		name  string
		level level
	}{{&os.Stdout, "stdout", infoLevel}, {&os.Stderr, "stderr", errorLevel}} {
		read, write, err := os.Pipe()
		if err != nil {
			return err
		}
		*stream.file = write
		go copyLines(read, lineWriter{l, stream.level, stream.name})
	}
	// SetDefault makes the package log write there, too, at level info; that is taken back.
	slog.SetDefault(slog.New(slogHandler{log: l, ids: func() []field { return nil }}))
	log.SetFlags(0)
	log.SetOutput(lineWriter{l, errorLevel, "stderr"})
	return nil
}

// lineWriter says each line of what is written to it.
type lineWriter struct {
	log    *logger
	level  level
	stream string
}

func (w lineWriter) Write(text []byte) (int, error) {
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
		w.log.say(w.level, string(line), nil, field{"stream", w.stream})
	}
	return len(text), nil
}

func copyLines(from io.Reader, to io.Writer) {
	reader := bufio.NewReaderSize(from, longestLine)
	for {
		line, err := reader.ReadSlice('\n')
		if len(line) > 0 {
			_, _ = to.Write(line)
		}
		if err != nil && err != bufio.ErrBufferFull {
			return
		}
	}
}
