package main

import (
	"fmt"
	"go/ast"
	"strconv"
	"strings"
)

const wantedSignature = "func Handle(ctx context.Context, event Event) (any, error)"

// checkSignature reads the types as they are written; the compiler holds them to their meaning.
func checkSignature(file *ast.File, function *ast.FuncDecl) error {
	parameters, results := types(function.Type.Params), types(function.Type.Results)
	right := function.Type.TypeParams == nil &&
		len(parameters) == 2 && isImported(file, parameters[0], "context", "Context") && isEvent(file, parameters[1]) &&
		len(results) == 2 && isAny(results[0]) && isIdent(results[1], "error")
	if right {
		return nil
	}
	return fmt.Errorf("the function %s has another signature; write: %s", function.Name.Name,
		strings.Replace(wantedSignature, "Handle", function.Name.Name, 1))
}

// types lists one type per parameter: "a, b int" are two.
func types(fields *ast.FieldList) []ast.Expr {
	var all []ast.Expr
	if fields == nil {
		return nil
	}
	for _, field := range fields.List {
		for range max(1, len(field.Names)) {
			all = append(all, field.Type)
		}
	}
	return all
}

func isIdent(expression ast.Expr, name string) bool {
	ident, is := expression.(*ast.Ident)
	return is && ident.Name == name
}

func isAny(expression ast.Expr) bool {
	if empty, is := expression.(*ast.InterfaceType); is {
		return empty.Methods.NumFields() == 0
	}
	return isIdent(expression, "any")
}

func isEvent(file *ast.File, expression ast.Expr) bool {
	return isIdent(expression, "Event") || isImported(file, expression, wrapperModule, "Event")
}

// isImported tells whether an expression is pkg.Name of the package with this import path, whatever the file calls it.
func isImported(file *ast.File, expression ast.Expr, importPath, name string) bool {
	selected, is := expression.(*ast.SelectorExpr)
	if !is || selected.Sel.Name != name {
		return false
	}
	for _, spec := range file.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err != nil || path != importPath {
			continue
		}
		local := importPath[strings.LastIndex(importPath, "/")+1:]
		if spec.Name != nil {
			local = spec.Name.Name
		}
		return isIdent(selected.X, local)
	}
	return false
}
