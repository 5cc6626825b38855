package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const signature = `(ctx context.Context, event Event) (any, error) { return nil, nil }`

func find(t *testing.T, source, handler string) (found, error) {
	t.Helper()
	root := t.TempDir()
	folder := filepath.Join(root, "function", "lib")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "a.go"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	wanted, err := parseHandler(filepath.Join(root, "function"), handler)
	if err != nil {
		return found{}, err
	}
	return findFunction(root, wanted)
}

func TestFindsAFunctionByFolderOrFile(t *testing.T) {
	for _, handler := range []string{"lib.Run", "lib/a.Run", "lib/a.go.Run", "./lib.Run"} {
		if got, err := find(t, "package lib\nimport \"context\"\nfunc Run"+signature, handler); err != nil || got.folder != "lib" {
			t.Errorf("%s: %+v %v", handler, got, err)
		}
	}
}

func TestRefusesWhatIsNoFunctionOfTheRightKind(t *testing.T) {
	const head = "package lib\nimport \"context\"\n"
	for source, says := range map[string]string{
		head + "func run" + signature:                                                          "declares no function",
		head + "var Run = func" + signature:                                                    "declares no function",
		head + "type T int\nfunc (T) Run" + signature:                                          "declares no function",
		head + "func Run[T any]" + signature:                                                   "another signature",
		head + "func Run(ctx context.Context, e *Event) (any, error) {}":                       "another signature",
		head + "func Run(ctx context.Context, e Event) error {}":                               "another signature",
		head + "func Run(ctx, e Event) (any, error) {}":                                        "another signature",
		head + "func Run(ctx context.Context, e Event) (any, any) {}":                          "another signature",
		"package lib\nimport c \"net/http\"\nfunc Run(ctx c.Context, e Event) (any, error) {}": "another signature",
		head + "func Run(": "expected",
	} {
		if _, err := find(t, source, "lib.Run"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", source, err)
		}
	}
}

func TestRefusesHandlersThatLeaveTheSource(t *testing.T) {
	for _, handler := range []string{"../lib.Run", "/etc.Run", ".Run", "lib/../../x.Run", "no.Run", "lib/b.Run"} {
		if got, err := find(t, "package lib", handler); err == nil {
			t.Errorf("%s: %+v", handler, got)
		}
	}
}

func TestReadsTheModulePathThatGoModDeclares(t *testing.T) {
	for text, want := range map[string]string{
		"module example.com/a\n":                "example.com/a",
		"// a\nmodule \"example.com/b\" // c\n": "example.com/b",
		"go 1.24\nmodule example.com/c/v2\n":    "example.com/c/v2",
		"module \"x\\\"; import \\\"os\"\n":     "",
		"module a b\n":                          "",
		"go 1.24\n":                             "",
	} {
		root := t.TempDir()
		_ = os.Mkdir(filepath.Join(root, "function"), 0o755)
		_ = os.WriteFile(filepath.Join(root, "function", "go.mod"), []byte(text), 0o644)
		if got, err := readModule(root); got.path != want || (err != nil) != (want == "") {
			t.Errorf("%q: %+v %v", text, got, err)
		}
	}
}
