package wire

// v1 is the first version of the API. Its rows are still to come; until then
// every operation is Unsupported on it.
var v1 = Table{}
