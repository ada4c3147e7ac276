package zaqartest

import (
	"net/http"
	"time"
)

// operationStatus is how one operation of the health check went.
type operationStatus struct {
	Succeeded bool    `json:"succeeded"`
	Seconds   float64 `json:"seconds"`
	Ref       *string `json:"ref"` // of a failure in the server's log
}

// getHealth tries every operation of the store on a queue of its own. Where there
// are pools it tells that of each of them: they all are that store.
func getHealth(c *call) (reply, error) {
	operations := map[string]operationStatus{}
	reachable := true
	name := newUUID().String()
	var held claim
	for _, step := range []struct {
		name string
		run  func(*writing, queue) error
	}{
		{"create_queue", func(w *writing, _ queue) error {
			_, _, err := w.createQueue(healthProject, name, nil)
			return err
		}},
		{"post_messages", func(w *writing, q queue) error {
			for range 2 {
				w.append(q, draft{body: []byte("{}"), ttl: minMessageTTL}, uuid{})
			}
			return nil
		}},
		{"claim_messages", func(w *writing, q queue) (err error) {
			held, _, err = w.take(q, 1, lease{ttl: minClaimTTL, grace: minClaimGrace})
			return err
		}},
		{"list_messages", func(w *writing, q queue) error {
			for range w.messages(q, 0) {
				continue
			}
			return nil
		}},
		{"delete_messages", func(w *writing, q queue) error {
			for _, m := range w.held(q, held) {
				w.removeMessage(q, m)
			}
			return nil
		}},
		{"delete_claim", func(w *writing, q queue) error { w.release(q, held); return nil }},
		{"bulk_delete_messages", func(w *writing, q queue) error { w.purge(q); return nil }},
		{"delete_queue", func(w *writing, q queue) error { w.deleteQueue(q); return nil }},
	} {
		start := time.Now()
		err := c.srv.broker.update(func(w *writing) error {
			q, err := w.queue(healthProject, name)
			if err != nil && step.name != "create_queue" {
				return err
			}
			return step.run(w, q)
		})
		status := operationStatus{Succeeded: err == nil, Seconds: time.Since(start).Seconds()}
		if err != nil {
			ref := newUUID().String()
			status.Ref, reachable = &ref, false
			c.srv.logger.Error("the health check failed", "operation", step.name, "ref", ref, "error", err)
		}
		operations[step.name] = status
	}
	storage := map[string]any{"storage_reachable": reachable, "operation_status": operations}
	if !c.srv.options.pooling {
		return jsonReply(http.StatusOK, storage)
	}
	all := map[string]any{}
	err := c.srv.broker.view(func(r *reading) error {
		for p := range r.pools("") {
			all[p.name] = storage
		}
		return nil
	})
	all["catalog_reachable"] = err == nil
	return jsonReply(http.StatusOK, all)
}
