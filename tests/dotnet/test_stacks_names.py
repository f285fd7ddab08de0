"""Names that compilers make are shown as a C# person says them; hostile ones as something that cannot do harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octotui.dotnet.stacks.model import FrameKind
from octotui.dotnet.stacks.names import LONGEST, frame, type_text
from octotui.text import printable

METHOD, LAMBDA, LOCAL = FrameKind.METHOD, FrameKind.LAMBDA, FrameKind.LOCAL_FUNCTION
ASYNC, ITERATOR, DYNAMIC = FrameKind.ASYNC, FrameKind.ITERATOR, FrameKind.DYNAMIC
STEP_OF_ASYNC, STEP_OF_ITERATOR = "instance void  ()", "instance bool  ()"
BOX = "System.Runtime.CompilerServices.AsyncTaskMethodBuilder`1+AsyncStateMachineBox`1"

NAMES = [
    # type, method, signature -> name, kind
    ("System.Threading.Thread", "Sleep", "", "System.Threading.Thread.Sleep", METHOD),
    ("Interop+Sys", "Read", "", "Interop.Sys.Read", METHOD),
    ("Interop+Sys", "<Read>g____PInvoke|22_0", "", "Interop.Sys.Read.__PInvoke", LOCAL),
    ("Octopus.Job", "get_Name", "", "Octopus.Job.Name.get", METHOD),
    ("Octopus.Job", "set_Name", "", "Octopus.Job.Name.set", METHOD),
    ("Octopus.Job", "get_Item", "", "Octopus.Job.this[].get", METHOD),
    ("Octopus.Job", "add_Done", "", "Octopus.Job.Done.add", METHOD),
    ("Octopus.Job", "remove_Done", "", "Octopus.Job.Done.remove", METHOD),
    ("Octopus.Job", "get_", "", "Octopus.Job.get_", METHOD),
    ("Octopus.Job", ".ctor", "", "Octopus.Job constructor", METHOD),
    ("Octopus.Job", ".cctor", "", "Octopus.Job static constructor", METHOD),
    ("Octopus.Job", "op_Equality", "", "Octopus.Job.operator ==", METHOD),
    ("Octopus.Job", "op_Explicit", "", "Octopus.Job.explicit operator", METHOD),
    ("Octopus.Job", "<Clone>$", "", "Octopus.Job.Clone", METHOD),
    ("Octopus.Job", "System.IDisposable.Dispose", "", "Octopus.Job.IDisposable.Dispose", METHOD),
    (
        "Octopus.Jobs", "System.Collections.Generic.IEnumerable<System.String>.GetEnumerator", "",
        "Octopus.Jobs.IEnumerable<string>.GetEnumerator", METHOD,
    ),
    ("Octopus.Jobs", "System.Collections.IEnumerator.get_Current", "", "Octopus.Jobs.IEnumerator.Current.get", METHOD),
    # async methods and iterators
    ("Octopus.Job+<RunAsync>d__5", "MoveNext", STEP_OF_ASYNC, "Octopus.Job.RunAsync", ASYNC),
    ("Octopus.Job+<RunAsync>d__5", "MoveNext", "", "Octopus.Job.RunAsync", ASYNC),
    ("Octopus.Job+<RunAsync>d__5`1[System.__Canon]", "MoveNext", STEP_OF_ASYNC, "Octopus.Job.RunAsync", ASYNC),
    ("Octopus.Job`1+<RunAsync>d__5[System.Int32]", "MoveNext", STEP_OF_ASYNC, "Octopus.Job<int>.RunAsync", ASYNC),
    ("Octopus.Job+<RunAsync>d__5", "SetStateMachine", "", "Octopus.Job.RunAsync", ASYNC),
    ("Octopus.Job+<Steps>d__3", "MoveNext", STEP_OF_ITERATOR, "Octopus.Job.Steps", ITERATOR),
    ("Octopus.Job+<Steps>d__3", "System.IDisposable.Dispose", "", "Octopus.Job.Steps.Dispose", ITERATOR),
    (
        "Octopus.Job+<Steps>d__3", "System.Collections.Generic.IEnumerator<System.Int32>.get_Current", "",
        "Octopus.Job.Steps.Current.get", ITERATOR,
    ),
    ("Program+<<Main>$>d__0", "MoveNext", STEP_OF_ASYNC, "Program.Main", ASYNC),
    ("Octopus.Job+<>c+<<Run>b__0_0>d", "MoveNext", STEP_OF_ASYNC, "Octopus.Job.Run", ASYNC),
    ("Octopus.Job+<<Run>g__Step|0_0>d", "MoveNext", STEP_OF_ASYNC, "Octopus.Job.Run.Step", ASYNC),
    ("Octopus.Job+<Octopus-IJob-RunAsync>d__2", "MoveNext", STEP_OF_ASYNC, "Octopus.Job.Octopus-IJob-RunAsync", ASYNC),
    (
        BOX + "[System.Threading.Tasks.VoidTaskResult,Octopus.Job+<RunAsync>d__5]", "MoveNext", "",
        "System.Runtime.CompilerServices.AsyncTaskMethodBuilder<void>.AsyncStateMachineBox<Job.RunAsync>.MoveNext",
        METHOD,
    ),
    (
        BOX + "[System.Int32,Octopus.Job+<>c+<<Run>b__0>d]", "MoveNext", "",
        "System.Runtime.CompilerServices.AsyncTaskMethodBuilder<int>.AsyncStateMachineBox<Job.Run>.MoveNext", METHOD,
    ),
    (
        BOX + "[System.Int32,Octopus.Job+<<Run>g__Step|16_0>d`1[System.Int32]]", "MoveNext", "",
        "System.Runtime.CompilerServices.AsyncTaskMethodBuilder<int>.AsyncStateMachineBox<Job.Run.Step<int>>.MoveNext",
        METHOD,
    ),
    ("VB.Jobs+VB$StateMachine_3_RunAsync", "MoveNext", STEP_OF_ASYNC, "VB.Jobs.RunAsync", ASYNC),
    # lambdas and local functions
    ("Octopus.Job+<>c", "<Run>b__0_0", "", "Octopus.Job.Run", LAMBDA),
    ("Octopus.Job+<>c__DisplayClass3_0", "<Run>b__1", "", "Octopus.Job.Run", LAMBDA),
    ("Octopus.Job+<>c__DisplayClass3_0`1[System.__Canon]", "<Run>b__1", "", "Octopus.Job.Run", LAMBDA),
    ("Octopus.Job`1+<>c[System.__Canon]", "<Run>b__1", "", "Octopus.Job<T>.Run", LAMBDA),
    ("Octopus.Job+<>c", "<.ctor>b__7_0", "", "Octopus.Job.constructor", LAMBDA),
    ("Octopus.Job+<>c", "<get_Name>b__7_0", "", "Octopus.Job.Name.get", LAMBDA),
    ("Octopus.Job", "<Run>g__Step|0_1", "", "Octopus.Job.Run.Step", LOCAL),
    ("Octopus.Job", "<Run>g__Step0_1", "", "Octopus.Job.Run.Step", LOCAL),
    ("Octopus.Job+<>c__DisplayClass3_0", "<Run>g__Step|1", "", "Octopus.Job.Run.Step", LOCAL),
    ("Octopus.Job+<>c", "<<Run>g__Step|0_1>b__0_2", "", "Octopus.Job.Run.Step", LAMBDA),
    ("Octopus.Job", "<System.IDisposable.Dispose>g__End|3_0", "", "Octopus.Job.IDisposable.Dispose.End", LOCAL),
    # mono's compiler
    ("Standin", "<Main>m__0", "", "Standin.Main", LAMBDA),
    ("Standin+<Background>c__AnonStorey1", "<>m__0", "", "Standin.Background", LAMBDA),
    ("Standin+<RunAsync>c__async0", "MoveNext", STEP_OF_ASYNC, "Standin.RunAsync", ASYNC),
    ("Standin+<Steps>c__Iterator0", "MoveNext", STEP_OF_ITERATOR, "Standin.Steps", ITERATOR),
    # top-level statements, types of one file
    ("Program", "<Main>$", "", "Program.Main", METHOD),
    ("<Program>$", "<Main>$", "", "Program.Main", METHOD),
    ("Program", "<Main>", "", "Program.Main", METHOD),
    ("Program", "<<Main>$>g__Deploy|0_1", "", "Program.Main.Deploy", LOCAL),
    ("Program+<>c", "<<Main>$>b__0_0", "", "Program.Main", LAMBDA),
    (f"Octopus.<Jobs>F{'0A' * 32}__Job", "Run", "", "Octopus.Job.Run", METHOD),
    ("<PrivateImplementationDetails>", "Hash", "", "PrivateImplementationDetails.Hash", METHOD),
    # generic types
    ("System.Collections.Generic.List`1[System.__Canon]", "Add", "", "System.Collections.Generic.List<T>.Add", METHOD),
    ("System.Collections.Generic.Dictionary`2", "Add", "", "System.Collections.Generic.Dictionary<T1, T2>.Add", METHOD),
    (
        "System.Collections.Generic.Dictionary`2+Enumerator[System.__Canon,System.Int32]", "MoveNext", "",
        "System.Collections.Generic.Dictionary<T1, int>.Enumerator.MoveNext", METHOD,
    ),
    ("A.B`1+C`1[System.Int32,System.Byte[]]", "Go", "", "A.B<int>.C<byte[]>.Go", METHOD),
    ("A.B`1[System.Int32[,]]", "Go", "", "A.B<int[,]>.Go", METHOD),
    ("A.B`1[System.Collections.Generic.List`1[System.String]]", "Go", "", "A.B<List<string>>.Go", METHOD),
    ("System.Threading.Tasks.Task`1[System.Int32]", "Run", "", "System.Threading.Tasks.Task<int>.Run", METHOD),
    # what no compiler made
    ("dynamicClass", "lambda_method12", "", "lambda_method12", DYNAMIC),
    ("DynamicClass", "<ScriptBlock>", "", "<ScriptBlock>", DYNAMIC),
    ("dynamicClass", "", "", "dynamic method", DYNAMIC),
    ("dynamicClass", "IL_STUB_PInvoke", "", "native call (IL_STUB_PInvoke)", METHOD),
    ("dynamicClass", "IL_STUB_New", "", "IL_STUB_New", METHOD),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "method", "signature", "name", "kind"), NAMES)
def test_a_method_is_called_as_its_author_calls_it(
    type_name: str, method: str, signature: str, name: str, kind: FrameKind
) -> None:
    found = frame("Octopus", type_name, method, 0, signature)
    assert (found.method, found.kind) == (name, kind)


def test_a_frame_says_what_kind_of_code_it_is() -> None:
    assert str(frame("Calamari", "P+<RunAsync>d__5", "MoveNext")) == "Calamari!P.RunAsync (async)"
    assert str(frame("Calamari", "P", "Main")) == "Calamari!P.Main"


def test_dynamic_code_belongs_to_no_module_though_its_flag_alone_says_so() -> None:
    found = frame("Anonymously Hosted", "Octopus.Made", "Run", 0x1)
    assert (found.module, found.method, found.kind) == ("", "Octopus.Made.Run", DYNAMIC)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("System.Byte[]", "byte[]"),
        ("System.String", "string"),
        ("Octopus.Job", "Octopus.Job"),
        ("Label[System.Int32]", "Label"),
        ("Octopus.Job[,]", "Octopus.Job[,]"),
        ("System.Collections.Generic.Dictionary`2+Entry[System.__Canon,System.Int32][]",
         "System.Collections.Generic.Dictionary<T1, int>.Entry[]"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_type_is_written_as_in_source(name: str, text: str) -> None:
    assert type_text(name) == text


def test_what_a_name_could_do_to_a_terminal_is_made_visible() -> None:
    found = frame("evil\x1b[2J", "A\u202eB", "Run\n\x07[bold]\ud800")
    assert found.module == "evil␛[2J"
    assert found.method == "A\ufffdB.Run↵␇[bold]\ufffd"


def test_a_name_of_4_kb_is_cut_and_still_says_the_method() -> None:
    arguments = ",".join(f"Octopus.Namespace.TypeOfLongName{number}" for number in range(60))
    found = frame("M", f"A.B`60[{arguments}]", "Run")
    assert found.method == "A.B<…>.Run"
    assert len(frame("M" * 4096, "A" * 4096, "B" * 4096).method) == LONGEST
    assert len(frame("M" * 4096, "A", "B").module) < 200
    assert len(type_text("A`1[" * 1000)) <= LONGEST


HOSTILE = st.text(alphabet=st.sampled_from(list("<>[]`+.,|_$gbdcm0129AZ")) | st.characters(), max_size=200)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_name_whatsoever_raises_or_stays_unprintable(type_name: str, method: str, signature: str) -> None:
    found = frame(type_name, type_name, method, 0, signature)
    for text in (found.module, found.method, type_text(type_name)):
        assert text == printable(text)
        assert len(text) <= LONGEST


@pytest.mark.parametrize("character", list("<>[`+.,(|"))
def test_deep_nesting_ends(character: str) -> None:
    for text in (character * 5000, f"A`1{character}" * 1200):
        assert len(frame("M", text, text).method) <= LONGEST
