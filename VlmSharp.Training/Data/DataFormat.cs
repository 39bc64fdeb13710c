namespace VlmSharp.Training.Data;

/// <summary>The formats of training data.</summary>
public enum DataFormat
{
    /// <summary>
    /// JSONL: <c>{"image": "a.jpg", "prefix": "detect cat", "suffix": "..."}</c>, as in big_vision and Roboflow's export.
    /// </summary>
    PrefixSuffix,

    /// <summary>JSONL: <c>{"image": "a.jpg", "text": "a cat"}</c>, where the text is a caption.</summary>
    ImageText,

    /// <summary>JSONL: <c>{"image": "a.jpg", "question": "how many?", "answer": "2"}</c>.</summary>
    QuestionAnswer,

    /// <summary>JSONL: <c>{"images": ["a.jpg"], "messages": [{"role": "user", ...}, {"role": "assistant", ...}]}</c>.</summary>
    Messages,

    /// <summary>The two JSON files of VQAv2: questions, and their answers by ten people.</summary>
    Vqa,

    /// <summary>COCO's captions, in one JSON file.</summary>
    CocoCaptions,

    /// <summary>COCO's instances, in one JSON file: boxes and masks of things.</summary>
    CocoInstances,

    /// <summary>A folder of pictures with a text file beside each: <c>a.jpg</c> and <c>a.txt</c>.</summary>
    TextFolder,

    /// <summary>A folder with a folder for each label, which holds its pictures.</summary>
    LabelFolder,
}
