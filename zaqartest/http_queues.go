package zaqartest

import (
	"errors"
	"net/http"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// patchType is the only media type in which a queue's metadata can be patched.
const patchType = "application/openstack-messaging-v2.0-json-patch"

// putQueue serves the creation of a queue with metadata. A queue that exists
// stays as it is.
func putQueue(c *call) (reply, error) {
	limits := c.srv.options.limits
	content := broker.Metadata{}
	if c.size > 0 {
		document, err := c.document(int64(limits.MaxQueueMetadata))
		if err != nil {
			return reply{}, err
		}
		if content, err = rawjson.Object(document); err != nil {
			return reply{}, invalidBody("The metadata must be an object.")
		}
		if err := limits.CheckMetadata(content); err != nil {
			return reply{}, invalid("%v.", err)
		}
	}
	return createQueue(c, content)
}

// putQueueV1 serves the creation of a queue in v1, which takes no body.
func putQueueV1(c *call) (reply, error) { return createQueue(c, broker.Metadata{}) }

func createQueue(c *call, content broker.Metadata) (reply, error) {
	created, err := c.srv.broker.CreateQueue(c.project, c.param("queue"), content)
	if errors.Is(err, broker.ErrNoFlavor) {
		err = invalid("The flavor of the queue does not exist.")
	}
	status := http.StatusNoContent
	if created {
		status = http.StatusCreated
	}
	return empty(status).with("Location", c.queuePath()), err
}

// metadataOf reads the metadata of the call's queue.
func metadataOf(c *call) (broker.Metadata, error) {
	var content broker.Metadata
	err := c.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(c.project, c.param("queue"))
		content = q.Metadata
		return err
	})
	return content, err
}

// getQueue serves the metadata, with reserved keys filled in. A queue that does
// not exist looks like one without metadata.
func getQueue(c *call) (reply, error) {
	content, err := metadataOf(c)
	if err != nil && !errors.Is(err, broker.ErrNoQueue) {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, content.WithReserved(c.srv.options.limits))
}

// getQueueV11 serves the metadata as it was stored.
func getQueueV11(c *call) (reply, error) {
	content, err := metadataOf(c)
	if err != nil && !errors.Is(err, broker.ErrNoQueue) {
		return reply{}, err
	}
	if content == nil {
		content = broker.Metadata{}
	}
	return jsonReply(http.StatusOK, content)
}

// queueExistsV1 serves GET and HEAD of a queue in v1: there or not.
func queueExistsV1(c *call) (reply, error) {
	c.location = c.queuePath()
	_, err := metadataOf(c)
	if errors.Is(err, broker.ErrNoQueue) {
		return reply{}, &refusal{status: http.StatusNotFound, title: "404 Not Found", withoutBody: true}
	}
	return empty(http.StatusNoContent), err
}

// getMetadataV1 serves the metadata in v1.
func getMetadataV1(c *call) (reply, error) {
	content, err := metadataOf(c)
	if err != nil {
		return reply{}, missingQueue(c, err)
	}
	c.location = c.queuePath("metadata")
	return jsonReply(http.StatusOK, content)
}

// putMetadataV1 serves the replacement of all metadata in v1, which knows no
// reserved keys and refuses what looks like one.
func putMetadataV1(c *call) (reply, error) {
	document, err := c.document(int64(c.srv.options.limits.MaxQueueMetadata))
	if err != nil {
		return reply{}, err
	}
	content, err := rawjson.Object(document)
	if err != nil {
		return reply{}, invalidBody("The metadata must be an object.")
	}
	for key := range content {
		if strings.HasPrefix(key, "_") {
			return reply{}, invalid("The key %q is reserved.", key)
		}
	}
	err = c.srv.broker.Update(func(w *broker.WriteTx) error {
		q, err := w.Queue(c.project, c.param("queue"))
		if err != nil {
			return missingQueue(c, err)
		}
		q.Metadata = content
		return w.SaveQueue(q)
	})
	return empty(http.StatusNoContent).with("Location", c.queuePath("metadata")), err
}

// patchQueue serves changes of single keys. They happen all or not at all, and
// what comes out must be valid.
func patchQueue(c *call) (reply, error) {
	limits := c.srv.options.limits
	if c.size > int64(limits.MaxQueueMetadata) {
		return reply{}, invalidBody("The body is larger than %d bytes.", limits.MaxQueueMetadata)
	}
	if c.req.Header.Get("Content-Type") != patchType {
		return reply{}, &refusal{
			status: http.StatusUnsupportedMediaType, title: "415 Unsupported Media Type",
			description: "The media type of a patch is " + patchType + ".",
		}
	}
	document, err := c.document(int64(limits.MaxQueueMetadata))
	if err != nil {
		return reply{}, err
	}
	edits, err := broker.ParsePatch(document)
	if err != nil {
		return reply{}, invalidBody("%v.", err)
	}
	var content broker.Metadata
	err = c.srv.broker.Update(func(w *broker.WriteTx) error {
		q, err := w.Queue(c.project, c.param("queue"))
		if err != nil {
			return missingQueue(c, err)
		}
		if content, err = q.Metadata.Patched(edits, limits); err != nil {
			return &refusal{status: http.StatusConflict, title: "Resource conflict", description: err.Error()}
		}
		if err := limits.CheckMetadata(content); err != nil {
			return invalidBody("%v.", err)
		}
		if size, err := rawjson.Marshal(content); err != nil || len(size) > limits.MaxQueueMetadata {
			return invalidBody("The metadata would be larger than %d bytes.", limits.MaxQueueMetadata)
		}
		q.Metadata = content
		return w.SaveQueue(q)
	})
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, content.WithReserved(limits))
}

// missingQueue tells the caller of a queue that does not exist, and passes
// other errors on.
func missingQueue(c *call, err error) error {
	if errors.Is(err, broker.ErrNoQueue) {
		return notFound("Queue %s does not exist.", c.param("queue"))
	}
	return err
}

// deleteQueue serves the end of a queue, existing or not.
func deleteQueue(c *call) (reply, error) {
	return empty(http.StatusNoContent), c.srv.broker.DeleteQueue(c.project, c.param("queue"))
}
