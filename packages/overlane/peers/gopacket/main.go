// The operations of `overlane bench` done by gopacket, on the same octets.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run main.go INPUTS.json
//
// INPUTS.json maps names to lists of packets in hexadecimal. Requests and answers are JSON objects, one a line: on
// standard input {"do":"warm","operation":NAME,"ms":N}, answered by {"sum":..,"nsPerOp":..}, and
// {"do":"round","operation":NAME,"iterations":N}, answered by {"nsPerOp":..}. `sum` is over one pass through all inputs.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

type operation func(i int) int64

type request struct {
	Do         string  `json:"do"`
	Operation  string  `json:"operation"`
	Ms         float64 `json:"ms"`
	Iterations int     `json:"iterations"`
}

var inputs map[string][][]byte
var kept int64

func main() {
	if len(os.Args) != 2 {
		fail("usage: main INPUTS.json")
	}
	readInputs(os.Args[1])
	ready := map[string]operation{}
	lines := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			fail(err.Error())
		}
		if r.Do == "version" {
			answers.Encode(map[string]string{"version": runtime.Version()})
			continue
		}
		if ready[r.Operation] == nil {
			setup := operations[r.Operation]
			if setup == nil {
				fail("no operation " + r.Operation)
			}
			ready[r.Operation] = setup()
		}
		op := ready[r.Operation]
		if r.Do == "warm" {
			sum := sumOfResults(op)
			answers.Encode(map[string]interface{}{"sum": sum, "nsPerOp": warmUp(op, r.Ms)})
		} else {
			answers.Encode(map[string]float64{"nsPerOp": timeRound(op, r.Iterations)})
		}
	}
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}

// Packets stand one after the other in one array, as they do for Overlane.
func readInputs(path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		fail(err.Error())
	}
	var lists map[string][]string
	if err := json.Unmarshal(text, &lists); err != nil {
		fail(err.Error())
	}
	inputs = map[string][][]byte{}
	for name, list := range lists {
		size := 0
		for _, digits := range list {
			size += len(digits) / 2
		}
		arena := make([]byte, 0, size)
		for _, digits := range list {
			octets, err := hex.DecodeString(digits)
			if err != nil {
				fail(err.Error())
			}
			start := len(arena)
			arena = append(arena, octets...)
			inputs[name] = append(inputs[name], arena[start:len(arena):len(arena)])
		}
	}
}

const count = 1024

func runBatch(op operation, iterations int) int64 {
	sum := int64(0)
	for i := 0; i < iterations; i++ {
		sum += op(i & (count - 1))
	}
	return sum
}

func sumOfResults(op operation) int64 { return runBatch(op, count) }

func timeRound(op operation, iterations int) float64 {
	start := time.Now()
	kept ^= runBatch(op, iterations)
	return float64(time.Since(start).Nanoseconds()) / float64(iterations)
}

func warmUp(op operation, ms float64) float64 {
	start := time.Now()
	for iterations := 1; ; iterations *= 2 {
		nsPerOp := timeRound(op, iterations)
		if float64(time.Since(start).Nanoseconds()) >= ms*1e6 {
			return nsPerOp
		}
	}
}

func must(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func at16(octets []byte, offset int) int64 {
	return int64(octets[offset])<<8 | int64(octets[offset+1])
}

// A layer that can be reused for decoding, and serialized.
type header interface {
	gopacket.SerializableLayer
	DecodeFromBytes(data []byte, df gopacket.DecodeFeedback) error
}

// Serializes structs that exist already.
func encodeHeaders(name string, probe int, options gopacket.SerializeOptions, create func() header) func() operation {
	return func() operation {
		headers := make([]header, count)
		for i, octets := range inputs[name] {
			headers[i] = create()
			must(headers[i].DecodeFromBytes(octets, gopacket.NilDecodeFeedback))
		}
		buffer := gopacket.NewSerializeBuffer()
		return func(i int) int64 {
			buffer.Clear()
			must(headers[i].SerializeTo(buffer, options))
			return at16(buffer.Bytes(), probe)
		}
	}
}

var asIs = gopacket.SerializeOptions{}
var withChecksum = gopacket.SerializeOptions{ComputeChecksums: true}
var withLengths = gopacket.SerializeOptions{FixLengths: true}
var complete = gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}

// Decoders are called on their own types, not through an interface: the quickest way.
var operations = map[string]func() operation{
	"ethernet decode": func() operation {
		packets, layer := inputs["ethernet"], &layers.Ethernet{}
		return func(i int) int64 {
			must(layer.DecodeFromBytes(packets[i], gopacket.NilDecodeFeedback))
			return int64(layer.EthernetType)
		}
	},
	"ipv4 decode": func() operation {
		packets, layer := inputs["ipv4"], &layers.IPv4{}
		return func(i int) int64 {
			must(layer.DecodeFromBytes(packets[i], gopacket.NilDecodeFeedback))
			return int64(layer.TTL)<<8 | int64(layer.Protocol)
		}
	},
	"ipv6 decode": func() operation {
		packets, layer := inputs["ipv6"], &layers.IPv6{}
		return func(i int) int64 {
			must(layer.DecodeFromBytes(packets[i], gopacket.NilDecodeFeedback))
			return int64(layer.HopLimit)<<8 | int64(layer.NextHeader)
		}
	},
	"udp decode": func() operation {
		packets, layer := inputs["udp"], &layers.UDP{}
		return func(i int) int64 {
			must(layer.DecodeFromBytes(packets[i], gopacket.NilDecodeFeedback))
			return int64(layer.SrcPort) + int64(layer.DstPort)
		}
	},
	"tcp decode": func() operation {
		packets, layer := inputs["tcp"], &layers.TCP{}
		return func(i int) int64 {
			must(layer.DecodeFromBytes(packets[i], gopacket.NilDecodeFeedback))
			return int64(layer.SrcPort) + int64(layer.DstPort)
		}
	},
	"vxlan decode": func() operation {
		packets, layer := inputs["vxlan"], &layers.VXLAN{}
		return func(i int) int64 {
			must(layer.DecodeFromBytes(packets[i], gopacket.NilDecodeFeedback))
			return int64(layer.VNI)
		}
	},
	"geneve decode":                  decodeGeneve("geneve"),
	"geneve with two options decode": decodeGeneve("geneve with two options"),
	"nvgre decode":                   decodeGre("nvgre", 8),
	"gre decode":                     decodeGre("gre", 0),

	"ethernet encode": encodeHeaders("ethernet", 10, asIs, func() header { return &layers.Ethernet{} }),
	"ipv4 encode":     encodeHeaders("ipv4", 10, withChecksum, func() header { return &layers.IPv4{} }),
	"ipv6 encode":     encodeHeaders("ipv6", 2, asIs, func() header { return &layers.IPv6{} }),
	"udp encode":      encodeHeaders("udp", 0, asIs, func() header { return &layers.UDP{} }),
	"tcp encode":      encodeHeaders("tcp", 4, asIs, func() header { return &layers.TCP{} }),
	"vxlan encode":    encodeHeaders("vxlan", 5, asIs, func() header { return &layers.VXLAN{} }),
	"nvgre encode":    encodeHeaders("nvgre", 5, asIs, func() header { return &layers.GRE{} }),
	"gre encode":      encodeHeaders("gre", 10, asIs, func() header { return &layers.GRE{} }),

	"geneve decapsulate":                  decapsulateGeneve("geneve packets"),
	"geneve decapsulate with two options": decapsulateGeneve("geneve packets with two options"),
	"nvgre decapsulate":                   decapsulateGre("nvgre packets", 8),
	"gre decapsulate":                     decapsulateGre("gre packets", 0),
	"nvgre encapsulate":                   encapsulateGre("nvgre packets", 25),
	"gre encapsulate":                     encapsulateGre("gre packets", 26),

	"decapsulate": func() operation {
		packets := inputs["packets"]
		var ip layers.IPv4
		var udp layers.UDP
		var vxlan layers.VXLAN
		parser := newParser(&ip, &udp, &vxlan)
		decoded := make([]gopacket.LayerType, 0, 8)
		return func(i int) int64 {
			must(parser.DecodeLayers(packets[i], &decoded))
			if len(decoded) != 3 {
				fail("expected 3 layers")
			}
			return int64(vxlan.VNI)
		}
	},
	// One IPv4 struct serves the outer and the inner header: the quickest way that the parser offers.
	"decapsulate with inner headers": func() operation {
		packets := inputs["packets"]
		var ip layers.IPv4
		var udp layers.UDP
		var vxlan layers.VXLAN
		var ethernet layers.Ethernet
		var tcp layers.TCP
		parser := newParser(&ip, &udp, &vxlan, &ethernet, &tcp)
		decoded := make([]gopacket.LayerType, 0, 8)
		return func(i int) int64 {
			must(parser.DecodeLayers(packets[i], &decoded))
			if len(decoded) != 6 {
				fail("expected 6 layers")
			}
			return int64(vxlan.VNI) ^ int64(tcp.SrcPort) ^ int64(tcp.DstPort)
		}
	},
	// The layers one by one, because SerializeLayers has no way to leave only the UDP checksum out.
	"encapsulate": func() operation {
		frames, outers := inputs["frames"], outerHeaders()
		buffer := gopacket.NewSerializeBuffer()
		return func(i int) int64 {
			outer := &outers[i]
			buffer.Clear()
			must(gopacket.Payload(frames[i]).SerializeTo(buffer, withLengths))
			must(outer.vxlan.SerializeTo(buffer, withLengths))
			must(outer.udp.SerializeTo(buffer, withLengths))
			must(outer.ip.SerializeTo(buffer, complete))
			return at16(buffer.Bytes(), 10) ^ at16(buffer.Bytes(), 33)
		}
	},
	"encapsulate with UDP checksum": func() operation {
		frames, outers := inputs["frames"], outerHeaders()
		buffer := gopacket.NewSerializeBuffer()
		return func(i int) int64 {
			outer := &outers[i]
			must(gopacket.SerializeLayers(buffer, complete, &outer.ip, &outer.udp, &outer.vxlan, gopacket.Payload(frames[i])))
			return at16(buffer.Bytes(), 10) ^ at16(buffer.Bytes(), 33)
		}
	},
}

// gopacket 1.1.19 has no CanDecode for Geneve, and appends to the options of a struct that is used again.
type geneve struct{ layers.Geneve }

func (g *geneve) CanDecode() gopacket.LayerClass { return layers.LayerTypeGeneve }

func (g *geneve) DecodeFromBytes(data []byte, df gopacket.DecodeFeedback) error {
	g.Options = g.Options[:0]
	return g.Geneve.DecodeFromBytes(data, df)
}

func decodeGeneve(list string) func() operation {
	return func() operation {
		packets, layer := inputs[list], &geneve{}
		return func(i int) int64 {
			must(layer.DecodeFromBytes(packets[i], gopacket.NilDecodeFeedback))
			return int64(layer.VNI)
		}
	}
}

func decapsulateGeneve(list string) func() operation {
	return func() operation {
		packets := inputs[list]
		var ip layers.IPv4
		var udp layers.UDP
		var tunnel geneve
		parser := newParser(&ip, &udp, &tunnel)
		decoded := make([]gopacket.LayerType, 0, 8)
		return func(i int) int64 {
			must(parser.DecodeLayers(packets[i], &decoded))
			if len(decoded) != 3 {
				fail("expected 3 layers")
			}
			return int64(tunnel.VNI)
		}
	}
}

// `shift` takes the FlowID of NVGRE off the key.
func decodeGre(list string, shift uint) func() operation {
	return func() operation {
		packets, layer := inputs[list], &layers.GRE{}
		return func(i int) int64 {
			must(layer.DecodeFromBytes(packets[i], gopacket.NilDecodeFeedback))
			return int64(layer.Key >> shift)
		}
	}
}

func decapsulateGre(list string, shift uint) func() operation {
	return func() operation {
		packets := inputs[list]
		var ip layers.IPv4
		var gre layers.GRE
		parser := newParser(&ip, &gre)
		decoded := make([]gopacket.LayerType, 0, 8)
		return func(i int) int64 {
			must(parser.DecodeLayers(packets[i], &decoded))
			if len(decoded) != 2 {
				fail("expected 2 layers")
			}
			return int64(gre.Key >> shift)
		}
	}
}

func encapsulateGre(list string, probe int) func() operation {
	return func() operation {
		frames, packets := inputs["frames"], inputs[list]
		ips, gres := make([]layers.IPv4, count), make([]layers.GRE, count)
		for i, packet := range packets {
			must(ips[i].DecodeFromBytes(packet, gopacket.NilDecodeFeedback))
			must(gres[i].DecodeFromBytes(ips[i].Payload, gopacket.NilDecodeFeedback))
		}
		buffer := gopacket.NewSerializeBuffer()
		return func(i int) int64 {
			must(gopacket.SerializeLayers(buffer, complete, &ips[i], &gres[i], gopacket.Payload(frames[i])))
			return at16(buffer.Bytes(), 10) ^ at16(buffer.Bytes(), probe)
		}
	}
}

// A parser with the container that its documentation calls the fastest. What follows the last layer is left alone.
func newParser(decoders ...gopacket.DecodingLayer) *gopacket.DecodingLayerParser {
	parser := gopacket.NewDecodingLayerParser(layers.LayerTypeIPv4)
	parser.SetDecodingLayerContainer(gopacket.DecodingLayerSparse(nil))
	for _, decoder := range decoders {
		parser.AddDecodingLayer(decoder)
	}
	parser.IgnoreUnsupported = true
	return parser
}

type outerHeader struct {
	ip    layers.IPv4
	udp   layers.UDP
	vxlan layers.VXLAN
}

// The outer headers of the packets, to be written again.
func outerHeaders() []outerHeader {
	outers := make([]outerHeader, count)
	for i, packet := range inputs["packets"] {
		outer := &outers[i]
		must(outer.ip.DecodeFromBytes(packet, gopacket.NilDecodeFeedback))
		must(outer.udp.DecodeFromBytes(outer.ip.Payload, gopacket.NilDecodeFeedback))
		must(outer.vxlan.DecodeFromBytes(outer.udp.Payload, gopacket.NilDecodeFeedback))
		must(outer.udp.SetNetworkLayerForChecksum(&outer.ip))
	}
	return outers
}
