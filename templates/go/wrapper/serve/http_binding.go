package serve

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"knative-lambda.local/lambda"
)

// readRequest tells the three modes of the CloudEvents HTTP binding 1.0.2 apart and reads what the request carries.
func readRequest(headers http.Header, body []byte) (events []*received, batch bool, err error) {
	contentType := headers.Get("Content-Type")
	media := readMediaType(contentType)
	if !strings.HasPrefix(media.name, "application/cloudevents") {
		event, err := readBinary(headers, contentType, media, body)
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

func readBinary(headers http.Header, contentType string, media mediaType, body []byte) (*received, error) {
	event := &received{}
	if err := event.readHeaders(headers); err != nil {
		return nil, err
	}
	if err := checkComplete(event); err != nil {
		return nil, err
	}
	if contentType != "" {
		if err := checkTextAttribute("datacontenttype", contentType); err != nil {
			return nil, err
		}
		event.DataContentType = contentType
	}
	return event, event.readData(media.kind, body)
}

func (e *received) readHeaders(headers http.Header) error {
	var broken []string
	for header, values := range headers {
		if !strings.HasPrefix(header, "Ce-") {
			continue
		}
		name := attributeOf(header)
		if len(values) > 1 {
			return refuse("DUPLICATE_ATTRIBUTE", cut(name, 64), fmt.Sprintf("Header %q is given twice", "ce-"+cut(name, 64)))
		}
		if e.readHeader(name, values[0]) != nil {
			broken = append(broken, name)
		}
	}
	if len(broken) == 0 {
		return nil
	}
	// Headers have no order here; of several that break a rule, always the same one is named.
	name := slices.Min(broken)
	return e.readHeader(name, headers[http.CanonicalHeaderKey("ce-"+name)][0])
}

// usual saves the most frequent names their conversion.
var usual = map[string]string{
	"Ce-Specversion": "specversion", "Ce-Id": "id", "Ce-Source": "source", "Ce-Type": "type", "Ce-Subject": "subject",
	"Ce-Time": "time", "Ce-Traceparent": "traceparent", "Ce-Correlationid": "correlationid", "Ce-Causationid": "causationid",
	"Ce-Knativearrivaltime": "knativearrivaltime",
}

// attributeOf is the attribute that a header carries.
func attributeOf(header string) string {
	if name, known := usual[header]; known {
		return name
	}
	return strings.ToLower(header[len("Ce-"):])
}

func (e *received) readHeader(name, raw string) error {
	if name == "datacontenttype" {
		return refuseAttribute(name, "is carried by Content-Type in binary mode")
	}
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
