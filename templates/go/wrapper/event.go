// Package lambda is what a function of the knative-lambda platform gets and may answer:
//
//	func Handle(ctx context.Context, event lambda.Event) (any, error)
//
// A value is the reply, nil is no reply, an error is a failure that the broker brings again. A source that does not import this
// package may write Event alone: the build declares it.
package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
)

// Event is a CloudEvent and what belongs to its execution. The context beside it ends when the event's time is over.
type Event struct {
	ID, Source, Type, Subject, Time, DataContentType, DataSchema string
	Extensions                                                   Extensions
	// Data is JSON, text or bytes, as Kind says; nil when the event has none. Decode reads it.
	Data []byte
	Kind Kind

	// ContextID is the data's contextId, or else the event's id.
	ContextID string
	// CorrelationID follows everything that the event causes.
	CorrelationID string
	// TraceParent is the W3C trace context of this execution, to hand on with requests.
	TraceParent string
	// Log writes lines that carry the event's ids.
	Log *slog.Logger
	// Services are the addresses of Notifi's services.
	Services Services
}

// Extensions are the attributes that CloudEvents itself does not know.
type Extensions []Extension

// Extension is one of them, by its name on the wire. Its value is a string, a bool or a float64.
type Extension struct {
	Name  string
	Value any
}

// Get is the value of an extension, nil when the event does not have it.
func (e Extensions) Get(name string) any {
	for _, one := range e {
		if one.Name == name {
			return one.Value
		}
	}
	return nil
}

// Kind tells what Data holds.
type Kind int

// The kinds of data.
const (
	None Kind = iota
	JSON
	Text
	Bytes
)

// Services are addresses as the platform gave them, "" where it gave none.
type Services struct {
	SubscriptionManager, EphemeralStorage, PersistentStorage, FusionFetchProxy, EVMRPC, SolanaRPC, SuiRPC string
	GRPCInsecure                                                                                          bool
}

// Decode reads the data into a variable: JSON into anything that it fits, text into a *string, any data into a *[]byte.
func (e Event) Decode(into any) error {
	switch target := into.(type) {
	case *[]byte:
		*target = e.Data
		return nil
	case *string:
		if e.Kind == Text {
			*target = string(e.Data)
			return nil
		}
	}
	if e.Kind != JSON {
		return fmt.Errorf("the event has no JSON data to read into %T", into)
	}
	return json.Unmarshal(e.Data, into)
}

// Attributes are all attributes and extensions by their names on the wire.
func (e Event) Attributes() map[string]any {
	all := make(map[string]any, 8+len(e.Extensions))
	for _, one := range e.Extensions {
		all[one.Name] = one.Value
	}
	all["specversion"] = "1.0"
	for name, value := range map[string]string{
		"id": e.ID, "source": e.Source, "type": e.Type, "subject": e.Subject, "time": e.Time,
		"datacontenttype": e.DataContentType, "dataschema": e.DataSchema,
	} {
		if value != "" {
			all[name] = value
		}
	}
	return all
}

// Permanent marks an error that no repetition heals: the event goes to the dead-letter queue at once. Any error of your own
// whose method Retryable() bool returns false is one, too.
func Permanent(err error) error {
	if err == nil {
		err = errors.New("permanent failure")
	}
	return permanent{err}
}

type permanent struct{ error }

func (permanent) Retryable() bool { return false }

func (p permanent) Unwrap() error { return p.error }
