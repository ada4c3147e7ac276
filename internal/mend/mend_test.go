package mend

import (
	"encoding/json"
	"reflect"
	"testing"
)

type pageOfBodies struct {
	Bodies []json.RawMessage          `json:"bodies"`
	ByName map[string]json.RawMessage `json:"by_name"`
	Values map[string]any             `json:"values"`
}

func TestWordsThatAreNoNumbersComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	var page pageOfBodies
	err := Unmarshal([]byte(`{"bodies":[NaN,[Infinity,"Infinity"],{"a":-Infinity}],"by_name":{"x":NaN},"values":{"a":NaN,"b":[-Infinity,"NaN"]}}`), &page)
	if err != nil {
		t.Fatal(err)
	}
	want := pageOfBodies{
		Bodies: []json.RawMessage{json.RawMessage(`NaN`), json.RawMessage(`[Infinity,"Infinity"]`), json.RawMessage(`{"a":-Infinity}`)},
		ByName: map[string]json.RawMessage{"x": json.RawMessage(`NaN`)},
		Values: map[string]any{"a": json.Number("NaN"), "b": []any{json.Number("-Infinity"), "NaN"}},
	}
	if !reflect.DeepEqual(page, want) {
		t.Errorf("read %s", page)
	}
}

func TestATextThatLooksLikeAMarkStaysAsItWas(t *testing.T) {
	t.Parallel()
	texts := []string{`"\u0000not a number: NaN"`, `"not a number: NaN"`, `"?0NaN"`, `"?1Infinity"`, `"NaN"`}
	for _, text := range texts {
		for _, neighbour := range []string{`1`, `NaN`} {
			var page pageOfBodies
			if err := Unmarshal([]byte(`{"bodies":[`+text+`,"?0",`+neighbour+`]}`), &page); err != nil {
				t.Fatal(err)
			}
			if string(page.Bodies[0]) != text || string(page.Bodies[2]) != neighbour {
				t.Errorf("%s beside %s became %s", text, neighbour, page.Bodies)
			}
		}
	}
}

func TestWhatIsNotJSONForAnotherReasonIsAnError(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, `{`, `[NaN`, `Infinite`, `[1,]`, `{"a":NaNa}`} {
		var value any
		if err := Unmarshal([]byte(text), &value); err == nil {
			t.Errorf("%q became %v", text, value)
		}
	}
}
