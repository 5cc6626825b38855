// Command generate connects the wrapper with the user's function: it finds the function in the parsed source, checks it,
// and writes the program around it. What function.json says is only ever compared with names that the source declares.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: generate <root>"))
	}
	if err := generate(os.Args[1]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "knative-lambda:", err)
	os.Exit(1)
}

func generate(root string) error {
	wanted, err := readChoice(root)
	if err != nil {
		return err
	}
	module, err := readModule(root)
	if err != nil {
		return err
	}
	found, err := findFunction(root, wanted)
	if err != nil {
		return err
	}
	return writeProgram(root, module, found)
}
