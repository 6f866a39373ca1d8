// Runs a health script of Argo CD for each object of the JSON list on standard input and prints what it returns, as a JSON list. The interpreter and the
// libraries that the script may use are those of Argo CD.
//
//	lua-runner SCRIPT < objects.json
package main

import (
	"encoding/json"
	"fmt"
	"os"

	lua "github.com/yuin/gopher-lua"
)

type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	var objects []map[string]any
	script, err := os.ReadFile(os.Args[1])
	exitOn(err)
	exitOn(json.NewDecoder(os.Stdin).Decode(&objects))
	answers := make([]health, 0, len(objects))
	for _, object := range objects {
		answer, err := run(string(script), object)
		exitOn(err)
		answers = append(answers, answer)
	}
	exitOn(json.NewEncoder(os.Stdout).Encode(answers))
}

func run(script string, object map[string]any) (health, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}} {
		state.Push(state.NewFunction(library.open))
		state.Push(lua.LString(library.name))
		state.Call(1, 0)
	}
	state.SetGlobal("obj", valueOf(state, object))
	if err := state.DoString(script); err != nil {
		return health{}, err
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return health{}, fmt.Errorf("the script returned a %s instead of a table", state.Get(-1).Type())
	}
	return health{
		Status:  lua.LVAsString(table.RawGetString("status")),
		Message: lua.LVAsString(table.RawGetString("message")),
	}, nil
}

func valueOf(state *lua.LState, value any) lua.LValue {
	switch typed := value.(type) {
	case bool:
		return lua.LBool(typed)
	case float64:
		return lua.LNumber(typed)
	case string:
		return lua.LString(typed)
	case []any:
		table := state.NewTable()
		for _, member := range typed {
			table.Append(valueOf(state, member))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for key, member := range typed {
			table.RawSetString(key, valueOf(state, member))
		}
		return table
	default:
		return lua.LNil
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
