package zaqartest

// purge says what to remove.
type purge struct{ messages, subscriptions bool }

func parsePurge(document []byte) (purge, error) {
	var wanted purge
	fields, err := object(document)
	if err != nil {
		return wanted, invalidRequest("The body must have an array of resource_types.")
	}
	names, err := array(fields["resource_types"])
	if err != nil {
		return wanted, invalidRequest("The body must have an array of resource_types.")
	}
	for _, value := range names {
		switch name, _ := text(value); name {
		case "messages":
			wanted.messages = true
		case "subscriptions":
			wanted.subscriptions = true
		default:
			return wanted, invalidRequest("resource_types can be messages and subscriptions.")
		}
	}
	return wanted, nil
}
