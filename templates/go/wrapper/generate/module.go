package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// module is the user's module: the path it declares, or one of ours for a source without go.mod.
type module struct {
	path      string
	generated bool
}

const sourceModule = "knative-lambda.local/source"

var (
	modulePath   = regexp.MustCompile(`^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$`)
	moduleClause = regexp.MustCompile(`(?m)^\s*module\s+("[^"\n]+"|` + "`[^`\n]+`" + `|[^\s"` + "`" + `(]+)\s*(//.*)?$`)
)

func readModule(root string) (module, error) {
	text, err := os.ReadFile(filepath.Join(root, "function", "go.mod"))
	if errors.Is(err, fs.ErrNotExist) {
		return module{path: sourceModule, generated: true}, nil
	}
	if err != nil {
		return module{}, err
	}
	clause := moduleClause.FindSubmatch(text)
	if clause == nil {
		return module{}, errors.New("go.mod has no module line")
	}
	declared := strings.Trim(string(clause[1]), "\"`")
	if !modulePath.MatchString(declared) {
		return module{}, fmt.Errorf("the module path %q of go.mod cannot be imported", declared)
	}
	return module{path: declared}, nil
}
