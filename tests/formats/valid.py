"""One valid file or more of every format, for tests and the fuzzer to damage."""

from __future__ import annotations

from reberlstm import formats
from reberlstm.grammars import load_grammar
from reberlstm.machine.fsm import FSM

MOORE = FSM(
    alphabet=("go", "no-go"),
    start="q 0",
    accepting=frozenset({"1"}),
    transitions={"q 0": {"go": "1", "no-go": "q 0"}, "1": {"go": "q 0"}},
    probabilities={"q 0": {"go": 0.25, "no-go": 0.75}},
    stop={"1": 0.5},
    outputs={"q 0": "low", "1": "<high>"},
    name="small",
    title='A "small" machine',
    source="the author",
)

FOREIGN = {
    "aalpy.dot": """\
digraph LearnedModel {
s0 [label="s0|1", shape=record, style=rounded];
s1 [label="s1|0", shape=record, style=rounded];
s0 -> s1  [label=a];
s0 -> s0  [label="b"];
s1 -> s0  [label=a];
__start0 [label="", shape=none];
__start0 -> s0  [label=""];
}
""",
    "drawing.dot": """\
/* a drawing */ strict digraph "fsm" {
  rankdir=LR; node [shape=doublecircle]; q2 "q 3"
  node [shape=circle]
  "" [shape=point]; "" -> q0:e
  subgraph cluster_0 { q0 -> {q1 q2} [label="a,b"]; q1 -> q1 [label=<<b>c</b>>] }
  q1 -> q2 -> "q 3" [label="d" color=red];  // two edges
  q2 -> q0 [label="ε"]
}
""",
    "mealy.dot": """\
digraph g {
  __start0 [label="" shape="none"];
  s0 [shape="circle" label="s0"];
  s1 [shape="circle" label="s1"];
  s0 -> s1 [label="a / x"];
  s1 -> s0 [label="b / y"];
  s1 -> s1 [label="a / x"];
  __start0 -> s0;
}
""",
    "nfa.jff": """\
<?xml version="1.0" encoding="UTF-8" standalone="no"?><!--Created with JFLAP 7.1.--><structure>&#13;
	<type>fa</type>&#13;
	<automaton>&#13;
		<!--The list of states.-->&#13;
		<state id="0" name="q0">&#13;
			<x>84.0</x>&#13;
			<y>122.0</y>&#13;
			<initial/>&#13;
		</state>&#13;
		<state id="1" name="q1"><x>218.0</x><y>175.0</y><final/></state>&#13;
		<transition><from>0</from><to>1</to><read>ab</read></transition>&#13;
		<transition><from>1</from><to>0</to><read/></transition>&#13;
	</automaton>&#13;
</structure>
""",
    "version8.jff": """\
<?xml version="1.0" encoding="UTF-8"?><structure type="editor_panel">&#13;
 <structure type="transition_graph"><structure mode="Default mode" type="fsa">
  <structure type="state_set"><state><name>q0</name><id>0</id></state>
   <state><name>q1</name><id>1</id></state></structure>
  <structure type="input_alph"><symbol>a</symbol><symbol>b</symbol></structure>
  <structure type="final_states"><state><name>q1</name><id>1</id></state></structure>
  <structure type="transition_set">
   <fsa_trans><to><name>q1</name><id>1</id></to><input>a</input>
    <from><name>q0</name><id>0</id></from></fsa_trans>
   <fsa_trans><to><name>q0</name><id>0</id></to><input/>
    <from><name>q1</name><id>1</id></from></fsa_trans>
   <fsa_trans><to><name>q1</name><id>1</id></to><input>b</input>
    <from><name>q1</name><id>1</id></from></fsa_trans></structure>
  <structure type="start_state"><state><name>q0</name><id>0</id></state></structure>
 </structure><state_point_map><state_point><state>0</state><point><x>8.0</x></point></state_point>
 </state_point_map><control_point_map><control_point><from>0</from><to>1</to></control_point>
 </control_point_map></structure><state_label_map/><note_map/></structure>
""",
    "drawn.dot": """\
digraph FST {
  # as fstdraw draws, and others
  { node [shape=point] I F }
  I -> 0 [label=start];
  0, 1 -> 1 [label="a:a/0.5"];
  1 -> F; 1 -> 0;
}
""",
    "nfa.att": "0\t1\ta\ta\n0\t2\ta\ta\n1\t1\tb\tb\n2\t0\t@0@\t@0@\n1\n",
    "weighted.fst": "0 1 a 0.5\n1 1 b 1.5\n1 0.25\n",
    "graph.json": """\
{"directed": true, "multigraph": false, "graph": {"start": 0},
 "nodes": [{"id": 0}, {"id": [1, "x"], "accepting": true}],
 "links": [{"source": 0, "target": [1, "x"], "label": "a,b"},
           {"source": [1, "x"], "target": 0, "label": ""}]}
""",
}

FOREIGN |= {
    "small.mata": """\
# Mata
@NFA-explicit
%Alphabet-auto
%Initial q0 p
%Final q1
q0 a q1
q1 "b c" q0  # a symbol with a blank
p b \\
  q1
""",
    "small.ba": "[0]\na,[0]->[1]\nb,[1]->[0]\na,[1]->[1]\n[1]\n",
    "small.kiss2": """\
.i 2
.o 1
.p 4
.s 2
.r S0
0- S0 S0 0
1- S0 S1 -
-0 S1 S0 1
-1 S1 * 0
.e
""",
    "finite.hoa": """\
HOA: v1
name: "a, then what you like"
States: 3
Start: 0
acc-name: finite
Acceptance: 1 Final(0)
AP: 2 "a" "b"
Alias: @x 0 & !1
--BODY--
State: 0
[@x] 1 {0}
[!@x] 0
State: 1 "one"
[0 | 1] 2
State: [t] 2 {0} /* the last */
1
--END--
""",
    "light.json": """\
{"id": "light", "initial": "green", "states": {
  "green": {"on": {"TIMER": "yellow", "STAY": {}}},
  "yellow": {"entry": ["log"], "on": {"TIMER": {"target": "#light.red"}}},
  "red": {"type": "final"}}}
""",
    "light.scxml": """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- a light -->
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" initial="green">
  <state id="green">
    <onentry><log expr="'green'"/></onentry>
    <transition event="timer error" target="red"/>
    <transition event="stay"/>
  </state>
  <state id="idle"><transition event="error.io" target="green"/></state>
  <final id="red"/>
</scxml>
""",
}

EXPRESSIONS = ("B(TS*X|PT*V)E", r"[a-c]{2,3}|\d+x?", "a*b&(a|b)+^c?", "^(?:0|1)*1$")

SUFFIX = {
    "toml": ".toml",
    "dot": ".dot",
    "jflap": ".jff",
    "att": ".att",
    "json": ".json",
    "mata": ".mata",
    "ba": ".ba",
}
"""A suffix of every format that is written."""


def valid_files() -> dict[str, bytes]:
    """Names and contents, of files that we write and of files that others do."""
    machines = {"reber": load_grammar("reber"), "moore": MOORE}
    ours = {
        f"{name}{suffix}": formats.write(fsm, format)
        for name, fsm in machines.items()
        for format, suffix in SUFFIX.items()
        if (name, format) != ("moore", "ba")  # whose symbols have no hyphen
    }
    return ours | {name: text.encode() for name, text in FOREIGN.items()}
