using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;
using static VlmSharp.Server.Tests.Page.ScriptedServer;

namespace VlmSharp.Server.Tests.Page;

/// <summary>The explanation of an answer is shown in a frame without permissions.</summary>
[Collection(BrowserTests.Name)]
public sealed class ExplainTests(BrowserFixture browser)
{
    [ChromiumFact]
    public async Task The_explanation_is_shown_with_its_styles_and_without_its_scripts()
    {
        await using ScriptedServer server = await StartAsync((http, fields) => http.Request.Path == "/v1/explain"
            ? http.Response.WriteAsync($$"""
                <!DOCTYPE html><html><head><title>t</title><style>h1 { color: rgb(1, 2, 3) }</style></head>
                <body><h1>{{fields["prompt"]}}</h1><p style="margin-left: 7px">text</p>
                <script>document.querySelector("h1").textContent = "a script ran"; parent.document.title = "reached"</script></body></html>
                """)
            : EndAsync(http, Answer("caption", "caption en", "an answer")));
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Explain" }).ClickAsync();
            IFrameLocator frame = page.FrameLocator("iframe");
            await Assertions.Expect(frame.Locator("h1")).ToHaveTextAsync("caption en");
            await Assertions.Expect(frame.Locator("h1")).ToHaveCSSAsync("color", "rgb(1, 2, 3)");
            await Assertions.Expect(frame.Locator("p")).ToHaveCSSAsync("margin-left", "7px");
            Assert.Equal("null", await frame.Locator("body").EvaluateAsync<string>("() => self.origin"));
            await Assertions.Expect(page).ToHaveTitleAsync("VlmSharp");
            await page.Keyboard.PressAsync("Escape");
            await Assertions.Expect(page.Locator("iframe")).ToHaveCountAsync(0);
        }, new PageView { Address = "#task=caption&sample=sun" });
    }

    [ChromiumFact]
    public async Task An_explanation_that_fails_says_why()
    {
        await using ScriptedServer server = await StartAsync((http, _) => http.Request.Path == "/v1/explain"
            ? FailAsync(http, 429, "The queue is full.")
            : EndAsync(http, Answer("caption", "caption en", "an answer")));
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Explain" }).ClickAsync();
            await Assertions.Expect(page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Alert)).ToHaveTextAsync("The queue is full.");
            await page.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
            await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        }, new PageView { Address = "#task=caption&sample=sun", RequestsFail = true });
    }
}
