package serve

import (
	"bytes"
	"encoding/json"
	"sync"
)

// largestKept: the buffer of a larger document is not kept for the next.
const largestKept = 64 * 1024

// jsonWriter is json.Marshal without the escapes that only HTML needs.
type jsonWriter struct {
	buffer  bytes.Buffer
	encoder *json.Encoder
}

var jsonWriters = sync.Pool{New: func() any {
	w := &jsonWriter{}
	w.encoder = json.NewEncoder(&w.buffer)
	w.encoder.SetEscapeHTML(false)
	return w
}}

func marshal(value any) ([]byte, error) {
	w := jsonWriters.Get().(*jsonWriter)
	w.buffer.Reset()
	err := w.encoder.Encode(value)
	if err != nil {
		return nil, err // an encoder that failed is not used again
	}
	text := bytes.Clone(bytes.TrimSuffix(w.buffer.Bytes(), []byte{'\n'}))
	if w.buffer.Cap() <= largestKept {
		jsonWriters.Put(w)
	}
	return text, nil
}
