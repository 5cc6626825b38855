package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
)

// found is the user's function as the source declares it.
type found struct {
	choice
	packageName string
	// ownEvent is true if the package declares a type Event itself, or has a file that imports ours.
	ownEvent bool
	// ownMain is true if the package is a program with a func main.
	ownMain bool
}

func findFunction(root string, wanted choice) (found, error) {
	folder := filepath.Join(root, "function", filepath.FromSlash(wanted.folder))
	context := build.Default
	context.CgoEnabled = false
	listed, err := context.ImportDir(folder, 0)
	if err != nil {
		return found{}, fmt.Errorf("the source has no Go package: %w", shorten(err, folder))
	}
	files := token.NewFileSet()
	result := found{choice: wanted, packageName: listed.Name}
	var function *ast.FuncDecl
	var declaring *ast.File
	for _, name := range listed.GoFiles {
		file, err := parser.ParseFile(files, filepath.Join(folder, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return found{}, shorten(err, folder)
		}
		if declared := declaration(file, wanted.name); declared != nil {
			function, declaring = declared, file
		}
		result.ownMain = result.ownMain || declaration(file, "main") != nil
		result.ownEvent = result.ownEvent || declaresEvent(file)
	}
	if function == nil {
		return found{}, fmt.Errorf("package %s declares no function %q; write: %s", listed.Name, wanted.name, wantedSignature)
	}
	if !function.Name.IsExported() {
		return found{}, fmt.Errorf("the function %s is not exported; write: %s", function.Name.Name, wantedSignature)
	}
	if err := checkSignature(declaring, function); err != nil {
		return found{}, err
	}
	if result.packageName == "main" && result.ownMain {
		return found{}, errors.New("the package is called main and has a func main; the wrapper brings its own: remove it, or rename the package")
	}
	return result, nil
}

// declaration finds a plain function by its name: no method.
func declaration(file *ast.File, name string) *ast.FuncDecl {
	for _, declared := range file.Decls {
		if function, is := declared.(*ast.FuncDecl); is && function.Recv == nil && function.Name.Name == name {
			return function
		}
	}
	return nil
}

func declaresEvent(file *ast.File) bool {
	for _, declared := range file.Decls {
		general, is := declared.(*ast.GenDecl)
		if !is {
			continue
		}
		if slices.ContainsFunc(general.Specs, func(spec ast.Spec) bool {
			named, is := spec.(*ast.TypeSpec)
			return is && named.Name.Name == "Event"
		}) {
			return true
		}
	}
	return false
}
