package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// choice is where the function is: a folder below function/, "" for its root, and the name of a Go function.
type choice struct {
	folder string
	name   string
}

// readChoice reads function.json. A handler is a name ("Handle"), or a folder or file and a name ("lib/parse.Run").
func readChoice(root string) (choice, error) {
	text, err := os.ReadFile(filepath.Join(root, "function.json"))
	if err != nil {
		return choice{}, err
	}
	var asked struct {
		Handler *string `json:"handler"`
	}
	if err := json.Unmarshal(text, &asked); err != nil {
		return choice{}, fmt.Errorf("function.json: %w", err)
	}
	if asked.Handler == nil {
		return choice{name: "Handle"}, nil
	}
	return parseHandler(filepath.Join(root, "function"), *asked.Handler)
}

func parseHandler(source, handler string) (choice, error) {
	dot := strings.LastIndex(handler, ".")
	if dot < 0 {
		return choice{name: handler}, nil
	}
	place, name := strings.TrimSuffix(handler[:dot], ".go"), handler[dot+1:]
	if place == "" || !filepath.IsLocal(filepath.FromSlash(place)) {
		return choice{}, fmt.Errorf("the handler %q does not name a folder or file of the source", handler)
	}
	folder := filepath.FromSlash(place)
	if info, err := os.Stat(filepath.Join(source, folder)); err == nil && info.IsDir() {
		return choice{folder: path.Clean(place), name: name}, nil
	}
	if info, err := os.Stat(filepath.Join(source, folder+".go")); err == nil && info.Mode().IsRegular() {
		folder := path.Dir(path.Clean(place))
		return choice{folder: strings.TrimPrefix(folder, "."), name: name}, nil
	}
	return choice{}, fmt.Errorf("the handler %q names no folder and no file of the source", handler)
}
