package wire

// v1_1 is the second version of the API. Its rows are still to come; until
// then every operation is Unsupported on it.
var v1_1 = Table{}
