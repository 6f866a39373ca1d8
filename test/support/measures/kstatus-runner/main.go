// Prints what kstatus, the library behind the health checks of Flux and of kubectl plugins, makes of each object of the JSON list on standard input, as a
// JSON list.
//
//	kstatus-runner < objects.json
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type answer struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	var objects []map[string]any
	exitOn(json.NewDecoder(os.Stdin).Decode(&objects))
	answers := make([]answer, 0, len(objects))
	for _, object := range objects {
		result, err := status.Compute(&unstructured.Unstructured{Object: withIntegers(object)})
		exitOn(err)
		answers = append(answers, answer{Status: result.Status.String(), Message: result.Message})
	}
	exitOn(json.NewEncoder(os.Stdout).Encode(answers))
}

// Generations are integers for Kubernetes, and doubles for the decoder.
func withIntegers(object map[string]any) map[string]any {
	text, err := json.Marshal(object)
	exitOn(err)
	whole := &unstructured.Unstructured{}
	exitOn(whole.UnmarshalJSON(text))
	return whole.Object
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
