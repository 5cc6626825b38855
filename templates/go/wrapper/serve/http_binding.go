package serve

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"knative-lambda.local/lambda"
	"knative-lambda.local/lambda/http1"
)

// readRequest tells the three modes of the CloudEvents HTTP binding 1.0.2 apart and reads what the request carries.
func readRequest(r *http1.Request) (events []*received, batch bool, err error) {
	contentType, body := r.First("content-type"), r.Body
	media := readMediaType(contentType)
	if !strings.HasPrefix(media.name, "application/cloudevents") {
		event, err := readBinary(r.Headers, contentType, media, body)
		return []*received{event}, false, err
	}
	switch {
	case !media.utf8:
		return nil, false, refuse("UNSUPPORTED_MEDIA_TYPE", "content-type", "The charset of an event in JSON format must be UTF-8")
	case media.name == "application/cloudevents+json":
		text, err := checkJSON(body, "body")
		if err != nil {
			return nil, false, err
		}
		event, err := fromJSON(text)
		return []*received{event}, false, err
	case media.name == "application/cloudevents-batch+json":
		events, err := readBatch(body)
		return events, true, err
	}
	return nil, false, refuse("UNSUPPORTED_MEDIA_TYPE", "content-type", "Of the CloudEvents formats only JSON is spoken here")
}

// readBatch judges the whole batch before any event of it is handled: a sender that repeats it after a refusal repeats nothing.
func readBatch(body []byte) ([]*received, error) {
	text, err := checkJSON(body, "body")
	if err != nil {
		return nil, err
	}
	var elements []json.RawMessage
	if json.Unmarshal(text, &elements) != nil || elements == nil {
		return nil, refuse("INVALID_ENVELOPE", "body", "A batch is a JSON array of events")
	}
	events := make([]*received, len(elements))
	for index, element := range elements {
		event, err := fromJSON(element)
		if refused, is := err.(*refusal); is {
			refused.index = index
			return nil, refused
		}
		events[index] = event
	}
	return events, nil
}

func readBinary(headers []http1.Header, contentType string, media mediaType, body []byte) (*received, error) {
	event := &received{}
	if err := event.readHeaders(headers); err != nil {
		return nil, err
	}
	if err := checkComplete(event); err != nil {
		return nil, err
	}
	if contentType != "" {
		if err := checkContentType(contentType); err != nil {
			return nil, err
		}
		event.DataContentType = contentType
	}
	return event, event.readData(media.kind, body)
}

func (e *received) readHeaders(headers []http1.Header) error {
	if name, repeated := repeatedAttribute(headers); repeated {
		return refuse("DUPLICATE_ATTRIBUTE", cut(name, 64), fmt.Sprintf("Header %q is given twice", "ce-"+cut(name, 64)))
	}
	for _, header := range headers {
		if name, carries := strings.CutPrefix(header.Name, "ce-"); carries && name == "datacontenttype" {
			return refuseAttribute(name, "is carried by Content-Type in binary mode")
		}
	}
	for _, header := range headers {
		if name, carries := strings.CutPrefix(header.Name, "ce-"); carries {
			if err := e.readHeader(name, header.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// repeatedAttribute is the first that is given twice. Among few headers, looking back is quicker than a set.
func repeatedAttribute(headers []http1.Header) (name string, repeated bool) {
	const few = 32
	seen := map[string]bool{}
	for at, header := range headers {
		name, carries := strings.CutPrefix(header.Name, "ce-")
		if !carries {
			continue
		}
		same := func(other http1.Header) bool { return other.Name == header.Name }
		if seen[name] || len(headers) <= few && slices.ContainsFunc(headers[:at], same) {
			return name, true
		}
		if len(headers) > few {
			seen[name] = true
		}
	}
	return "", false
}

func (e *received) readHeader(name, raw string) error {
	value, err := decodeHeader(name, raw)
	if err == nil {
		err = checkTextAttribute(name, value)
	}
	if err == nil {
		e.setText(name, value)
	}
	return err
}

func (e *received) readData(kind lambda.Kind, body []byte) error {
	switch {
	case len(body) == 0:
		return nil
	case kind == lambda.JSON:
		text, err := checkJSON(body, "data")
		e.Kind, e.Data = lambda.JSON, text
		return err
	case kind == lambda.Text && utf8.Valid(body):
		e.Kind, e.Data = lambda.Text, body
	default: // text that is no UTF-8, whatever it says, is handed over as it came
		e.Kind, e.Data = lambda.Bytes, body
	}
	return nil
}
