// A gRPC client of grpc-go for the conformance tests: reads orders on standard input, one JSON value each, makes the
// calls of an order all at once, and prints one JSON line with their answers. Messages are bytes.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

type order struct {
	Method        string   `json:"method"`
	Messages      [][]byte `json:"messages"`
	Gzip          bool     `json:"gzip"`
	TimeoutMillis int      `json:"timeoutMillis"`
}

type answer struct {
	Code     uint32 `json:"code"`
	Message  string `json:"message"`
	Details  []byte `json:"details"`
	Response []byte `json:"response"`
}

// Hands bytes through as they are.
type bytesCodec struct{}

func (bytesCodec) Name() string                  { return "proto" }
func (bytesCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (bytesCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte{}, data...)
	return nil
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address string) error {
	connection, err := grpc.NewClient(
		address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDisableRetry(),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, PermitWithoutStream: true}),
	)
	if err != nil {
		return err
	}
	defer connection.Close()
	orders := json.NewDecoder(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for {
		var next order
		if err := orders.Decode(&next); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := answers.Encode(callAll(connection, next)); err != nil {
			return err
		}
	}
}

func callAll(connection *grpc.ClientConn, next order) []answer {
	answers := make([]answer, len(next.Messages))
	var calls sync.WaitGroup
	for index, message := range next.Messages {
		calls.Add(1)
		go func() {
			defer calls.Done()
			answers[index] = call(connection, next, message)
		}()
	}
	calls.Wait()
	return answers
}

func call(connection *grpc.ClientConn, next order, message []byte) answer {
	limited, cancel := context.WithTimeout(context.Background(), time.Duration(next.TimeoutMillis)*time.Millisecond)
	defer cancel()
	options := []grpc.CallOption{grpc.ForceCodec(bytesCodec{})}
	if next.Gzip {
		options = append(options, grpc.UseCompressor("gzip"))
	}
	var response []byte
	err := connection.Invoke(limited, next.Method, &message, &response, options...)
	said := status.Convert(err)
	return answer{
		Code:     uint32(said.Code()),
		Message:  said.Message(),
		Details:  understoodDetails(said),
		Response: response,
	}
}

// The status written anew when the client has read all of its details as the messages they are.
func understoodDetails(said *status.Status) []byte {
	details := said.Details()
	for _, detail := range details {
		if _, isMessage := detail.(proto.Message); !isMessage {
			return nil
		}
	}
	if len(details) == 0 {
		return nil
	}
	written, _ := proto.Marshal(said.Proto())
	return written
}
