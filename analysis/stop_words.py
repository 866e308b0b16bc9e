"""Words that tell nothing about a post. Single characters are left out of terms anyway."""

# Function words, and what nearly every post says.
_WORDS = """
我们 你们 他们 她们 它们 咱们 大家 自己 别人 人家 有人 这个 那个 这些 那些 这样 那样 这么
那么 这里 那里 这儿 那儿 哪里 哪儿 什么 怎么 怎样 怎么样 为什么 多少 几个 如何 哪个 哪些
谁的 一个 一些 一下 一样 一直 一定 一起 一点 一种 一次 一天 一条 一位 有点 有些 有的 没有
不是 不会 不能 不要 不用 不过 不到 不了 不同 不想 不知 不得 不可 不管 不仅 不但 不如 还是
还有 还要 只是 只有 只要 只能 就是 就要 就会 就算 都是 都有 也是 也有 也许 也不 又是 但是
可是 而是 而且 而已 然而 然后 因为 所以 因此 于是 如果 虽然 尽管 即使 无论 或者 或是 以及
以后 以前 之后 之前 之间 之一 其他 其它 其实 其中 另外 此外 除了 关于 对于 根据 按照 通过
随着 为了 由于 已经 曾经 正在 将要 现在 今天 昨天 明天 今年 去年 刚才 刚刚 时候 时间 当时
突然 终于 马上 立刻 经常 常常 总是 有时 从来 可以 可能 能够 应该 应当 必须 需要 想要 愿意
知道 觉得 认为 以为 感觉 看到 看看 看见 听说 告诉 出来 出去 起来 下来 下去 上来 上去 过来
过去 回来 回去 进来 进去 开始 继续 成为 作为 真的 真是 确实 实在 非常 十分 特别 比较 更加
越来越 最后 最近 几乎 大概 到底 究竟 甚至 尤其 特别是 的话 来说 来看 的人 的是 是不是 有没有
能不能 会不会 好像 似乎 仿佛 同样 同时 当然 反正 果然 居然 竟然 原来 本来 根本 简直 至少
至于 多么 这种 那种 各种 每个 每天 所有 一切 任何 全部 许多 很多 不少 第一 第二 哈哈 哈哈哈
哈哈哈哈 呵呵 嘿嘿 嘻嘻 呜呜 啊啊 转发 微博 转发微博 回复 评论 网页 链接 全文 视频 分享 快来
这是 那是 还没 还会 没什么 是否 此次 本次 目前 的时候 就像 以上 以下 一般 the and for you
your are was were with that this have has had not but from they his her its our out all can
will just what when who how why there their them then than too very about into over been
being did does doing would could should more most some any also only own she him me my we us
it is in on of to at by an as be or so if no do up am he rt re via http https www com cn
"""

STOP_WORDS = frozenset(_WORDS.split())
