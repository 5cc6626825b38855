package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	wrapperModule = "knative-lambda.local/lambda"
	servePackage  = wrapperModule + "/serve"
	mainFolder    = "knative_lambda_main"
)

// program is a set of files that the compiler sees over the source (go build -overlay); the source itself stays as it is.
type program struct {
	root    string
	overlay map[string]string
}

func writeProgram(root string, user module, function found) error {
	written := program{root: root, overlay: map[string]string{}}
	inside := filepath.Join("function", filepath.FromSlash(function.folder))
	target := path.Join(user.path, function.folder)
	err := written.workspace()
	if user.generated {
		err = errors.Join(err, written.put("function/go.mod", "source.mod", "module "+sourceModule+"\n\ngo "+goVersion()+"\n"))
	}
	if !function.ownEvent {
		err = errors.Join(err, written.put(filepath.Join(inside, "knative_lambda_event.go"), "event.go.txt", eventFile(function)))
	}
	if function.packageName == "main" {
		err = errors.Join(err, written.put(filepath.Join(inside, "knative_lambda_main.go"), "main.go.txt", insideMain(function)))
	} else {
		err = errors.Join(err, written.put(filepath.Join(inside, mainFolder, "main.go"), "main.go.txt", outsideMain(target, function)))
		target = path.Join(target, mainFolder)
	}
	table, failed := json.Marshal(map[string]any{"Replace": written.overlay})
	return errors.Join(err, failed,
		os.WriteFile(filepath.Join(root, "generated", "overlay.json"), table, 0o644),
		os.WriteFile(filepath.Join(root, "generated", "package"), []byte(target), 0o644))
}

// eventFile lets the source say Event without an import. The package's name comes from its own package clause.
func eventFile(function found) string {
	return fmt.Sprintf("package %s\n\nimport lambda %q\n\ntype Event = lambda.Event\n", function.packageName, wrapperModule)
}

func insideMain(function found) string {
	return fmt.Sprintf("package main\n\nimport serve %q\n\nfunc main() { serve.Run(%s) }\n", servePackage, function.name)
}

func outsideMain(target string, function found) string {
	return fmt.Sprintf("package main\n\nimport (\n\tserve %q\n\tuser %q\n)\n\nfunc main() { serve.Run(user.%s) }\n",
		servePackage, target, function.name)
}

func (p program) put(shownAs, name, text string) error {
	file := filepath.Join(p.root, "generated", name)
	p.overlay[filepath.Join(p.root, shownAs)] = file
	return os.WriteFile(file, []byte(text), 0o644)
}

// workspace makes the user's module and the wrapper two modules of one workspace: neither needs to require the other.
func (p program) workspace() error {
	text := "go " + goVersion() + "\n\nuse (\n\t../function\n\t../wrapper\n)\n"
	return os.WriteFile(filepath.Join(p.root, "generated", "go.work"), []byte(text), 0o644)
}

func goVersion() string {
	version, _, _ := strings.Cut(strings.TrimPrefix(runtime.Version(), "go"), " ")
	return version
}

// shorten takes the folder of this machine out of a message.
func shorten(err error, folder string) error {
	return errors.New(strings.ReplaceAll(err.Error(), folder+string(filepath.Separator), ""))
}
