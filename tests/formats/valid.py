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

DETERMINISTIC = {
    "multi.toml": (
        'name = """\n'
        "multi \\\n"
        '   line"""\n'
        "title = 'lit \"x\"' # comment\n"
        'source = "\\u00e9\\t\\"q\\" \\U0001F600"\n'
        "alphabet = [\n"
        "  \"a\", 'b', # c\n"
        '  "cd",\n'
        "]\n"
        'start = "q0"\n'
        'accepting = ["q0", "0"]\n'
        'transitions.q0.a = "0"\n'
        "transitions.\"q0\".b = 'q0'\n"
        'transitions.0 = { a = "q0", "cd" = "0" }\n'
        'probabilities = { 0 = { a = 0.25, "cd" = 7.5e-1 } }\n'
        "stop.0 = 1\n"
        'outputs = {q0="x",0="""y"""}\n'
    ),
    "spread.toml": '''\
alphabet = ["a","b"]
start = "1"
accepting = []
[transitions.1]
a = "0"
[transitions.0]
[transitions."x.y"]
b = "1"
"a" = """1"""
[probabilities]
1 = {a=1.0}
''',
    "quoted.toml": """\
"alphabet"=['a']
start='s'
stop = {}
[ transitions ]
s = { }
t = { a = "s" }
[outputs]
s = "1"
t = "2"
[probabilities.t]
a = +1
""",
    "student.dot": """\
digraph "g" { rankdir=LR; node [shape=circle]; edge [fontsize=9]
 i [shape=point, style=invis]; i -> a
 a [label="A, one"]; b [shape=doublecircle label="B"]; c
 a -> b [label="0, 1"]; b -> {a} [label="0" color=red] ; c:n -> c [label="x|y"];
 b -> c [label="&#955;&lt;"]
 }
""",
    "ends.dot": (
        'digraph { "" [shape=none]; "" -> 0; 0 [accepting=true]; 1; 0 -> 1 -> 0 [label="a\\nb"]; 1 -> 1 [xlabel="(a,b)"]; 10 [peripheries=2] 1 -> 10 [label=","] }\n'
    ),
    "declared.dot": (
        'digraph m { alphabet="[\\"a\\", \\"b/c\\"]"; __start0 [label="", shape=none]; s [label="s|1" output="1"]; t [label="t|0", state="tt" output="0" stop="0.5" shape=doublecircle]; __start0 -> s; s -> t [label="a" probability="0.25"]; s -> s [label="b/c" probability=".75"]; t -> s [label="x" symbol="a"] }\n'
    ),
    "named.dot": """\
digraph { start -> q0; q0 -> q1 [label="1"]; q1 -> q0 [label="0,1"]; q1 [shape=doublecircle]; q0 -> q0 [label=0] start [shape=plaintext label=""] }
""",
    "mixed.json": """\
{"directed": true, "graph": {"start": "0", "alphabet": ["1", "0"], "name": "n"}, "nodes": [{"id": "10", "accepting": 1}, {"id": 0, "output": null, "stop": null}, {"id": [1,"x"]}], "edges": [{"source": "10", "target": 0, "symbol": "1", "probability": 1}, {"source": 0, "target": [1, "x"], "key": "0"}]}
""",
    "networkx1.json": """\
{"graph": [["name","x"]], "nodes": [{"id": "b", "initial": true, "output": "z", "final": false}, {"id": "a", "final": true, "output": 3}], "links": [{"source": 0, "target": 1, "label": "a, b"}, {"source": 1, "target": 1, "label": "x"}]}
""",
    "events.json": """\
{"id": "m", "initial": "2", "on": {"RESET": "2"}, "states": {"2": {"on": {"9": "1", "A": {"target": "#m.1", "actions": "x"}}}, "1": {"id": "one", "type": "final"}, "3": {"on": {"A": ["#one"], "B": null}}}}
""",
    "drawn.jff": """\
<?xml version="1.0"?><structure><type>fa</type><automaton>
<state id="0" name="q0"><x>1.5</x><y>-2</y><initial/></state><state id="1" name="q0"><x>84</x><y>1e2</y><final/></state><state id="2"><x>84</x><y>12</y><label>z</label></state>
<transition><from>0</from><to>1</to><read>a,b</read></transition><transition><from>1</from><to>2</to><read>ab</read></transition><transition><from>2</from><to>0</to><read>[c-e]</read><controlx>3</controlx></transition></automaton></structure>
""",
    "moore.jff": """\
<structure><type>moore</type><automaton><state id="a" name="&lt;s&gt;"><initial/><output> x </output></state><state id="b" name="t"></state><transition><from>a</from><to>b</to><read> </read><transout>q</transout></transition><transition><from>b</from><to>b</to><read>int</read></transition><transition><from>b</from><to>a</to><read>letter,_</read></transition></automaton></structure>
""",
    "chances.att": """\
0 1 a a 0.5
0 0 b b 0.9327521295671886
1 1 a a 1.0986122886681098
1 0.40546510810816444
""",
    "tabs.att": ("x\ty\ta\nx\tx\t@_SPACE_@\t@_SPACE_@\ny\n"),
    "digits.att": """\
0 1 0 0
1 1 1 1
1
""",
    "weights.att": """\
0 1 1 0.5
1 0 2 0.25
1 3
""",
    "enum.mata": (
        "@NFA-explicit\n"
        '%Alphabet-enum a b "cd"\n'
        "%Initial q\n"
        '%Final | q "x y"\n'
        'q a "x y"\n'
        '"x y" & b & q # c\n'
        '"x y" "cd" \\\n'
        " q\n"
    ),
    "blank.ba": """\
1
a,1->2
b b,2->1
2
""",
    "all.ba": """\
a-b,[0]->[1]
c,[1]->[1]
""",
}
"""What programs and students write that is deterministic: the explorer page reads it, too."""

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
