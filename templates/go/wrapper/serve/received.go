package serve

import (
	"encoding/base64"
	"encoding/json"

	"knative-lambda.local/lambda"
)

// received is an event as it came. Its data is kept in the form it came in, so that handing it on changes nothing.
type received struct {
	lambda.Event
	specversion string
}

// set keeps an attribute that was checked.
func (e *received) set(name string, value any) {
	if text, is := value.(string); is {
		e.setText(name, text)
	} else {
		e.Extensions = append(e.Extensions, lambda.Extension{Name: name, Value: value})
	}
}

func (e *received) setText(name, text string) {
	switch name {
	case "specversion":
		e.specversion = text
	case "id":
		e.ID = text
	case "source":
		e.Source = text
	case "type":
		e.Type = text
	case "subject":
		e.Subject = text
	case "time":
		e.Time = text
	case "datacontenttype":
		e.DataContentType = text
	case "dataschema":
		e.DataSchema = text
	default:
		e.Extensions = append(e.Extensions, lambda.Extension{Name: name, Value: text})
	}
}

// extension is the value of an extension that is text, or "".
func (e *received) extension(name string) string {
	text, _ := e.Extensions.Get(name).(string)
	return text
}

// contextID is the data's own contextId, or the event's id.
func (e *received) contextID() string {
	if e.Kind == lambda.JSON {
		if own := textOf(memberOf(e.Data, `"contextId"`)); own != "" {
			return own
		}
	}
	return e.ID
}

// original is the event as an object that JSON can say, as it can be sent again.
func (e *received) original() map[string]any {
	members := e.Attributes()
	switch e.Kind {
	case lambda.JSON:
		members["data"] = json.RawMessage(e.Data)
	case lambda.Text:
		members["data"] = string(e.Data)
	case lambda.Bytes:
		members["data_base64"] = base64.StdEncoding.EncodeToString(e.Data)
	}
	return members
}
