using System.CommandLine;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp data</c>: checks and converts training data.</summary>
internal static class DataCommand
{
    public static Command Create() => new ExampleCommand("data", "Checks training data, and converts them.", """
        Forms of data, told apart by what they hold:
          prefix-suffix    JSONL  {"image": "a.jpg", "prefix": "detect cat", "suffix": "<loc0102>... cat"}
          image-text       JSONL  {"image": "a.jpg", "text": "a cat on a mat"}
          question-answer  JSONL  {"image": "a.jpg", "question": "how many?", "answer": "2"}
          messages         JSONL  {"images": ["a.jpg"], "messages": [{"role": "user", "content": "..."}, {"role": "assistant", ...}]}
          vqa              VQAv2's two files of questions and annotations
          coco-captions    COCO's captions
          coco-instances   COCO's boxes, and its masks with --mask-encoder
          text-folder      a.jpg and a.txt in one folder; each line of the text is one way to say it
          label-folder     cat/1.jpg, dog/2.jpg
        Paths are relative to the file. Where there are several answers, each visit of the picture learns one of them.
        """) { DataValidateCommand.Create(), DataConvertCommand.Create() };
}
